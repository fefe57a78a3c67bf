// A rejection that nobody looks after, out of an async function.
async function fetchAll(list) {
  await null;
  return list.map((entry) => entry.name.length);
}
fetchAll([{ name: 'a' }, {}]);
