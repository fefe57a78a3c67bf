function onRequest(request, response) {
  fill();
  response.complete();
}

function fill() {
  const kept = [];
  for (;;) kept.push({ a: [1, 2, 3], b: { c: kept.length } });
}
