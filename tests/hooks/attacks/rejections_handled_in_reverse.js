// attack: floods: rejects ten thousand promises and looks after them from the last to the first
// expect: completed
// body: {"handled":10000}
function onRequest(request, response) {
  const promises = Array.from({ length: 1e4 }, () => Promise.reject(1));
  let handled = 0;
  for (const promise of promises.reverse()) promise.catch(() => { handled++; });
  setTimeout(() => { response.body = { handled }; response.complete(); }, 0);
}
