// attack: previous_job: draws the numbers that every fork of one process would draw
// expect: completed
// body: {"fixed":false}
function onRequest(request, response) {
  const numbers = Array.from({ length: 16 }, Math.random);
  response.body = { fixed: new Set(numbers).size < 16 || numbers.some((n) => n < 0 || n >= 1) };
  response.complete();
}
