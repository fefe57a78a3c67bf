// attack: natives: segments a long text again and again
// expect: hook_timeout
// debug: the wall limit of 400 ms passed
// limit: timeout_ms=400
function onRequest() {
  const segmenter = new Intl.Segmenter('th', { granularity: 'word' });
  for (;;) [...segmenter.segment('\u0e01\u0e02'.repeat(1e4))];
}
