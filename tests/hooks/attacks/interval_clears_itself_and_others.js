// attack: coercion: clears intervals inside their own call
// expect: completed
// body: {"ticks":[1,0]}
function onRequest(request, response) {
  const ticks = [0, 0];
  const other = setInterval(() => { ticks[1]++; }, 50000);
  const self = setInterval(() => { ticks[0]++; clearInterval(self); clearInterval(other); clearInterval(self); }, 1);
  setTimeout(() => { response.body = { ticks }; response.complete(); }, 20);
}
