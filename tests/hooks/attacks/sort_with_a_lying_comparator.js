// attack: natives: sorts with a comparator that contradicts itself and changes the array
// expect: completed
// body: {"length":1000}
function onRequest(request, response) {
  const list = Array.from({ length: 1000 }, (_, i) => i);
  let turn = 0;
  list.sort(() => { list.length = 1000 - (turn % 10); list[turn++ % 1000] = {}; return turn % 3 - 1; });
  list.length = 1000;
  response.body = { length: list.length };
  response.complete();
}
