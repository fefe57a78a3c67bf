function onRequest(request, response) {
  let text = 'x';
  const kept = [];
  for (;;) {
    text += text;
    if (text.length > 1 << 24) text = 'x';
    kept.push(text.replace(/x/g, 'yz'));
  }
}
