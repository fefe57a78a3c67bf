// attack: stack: reads the host's frames from errors that the API throws
// expect: completed
// body: {"leaks":[]}
async function onRequest(request, response, modules) {
  const leaks = [];
  const look = (name, error) => { if (/lode:|bridge|\/root|crates\/|\.rs:/.test(String(error.stack))) leaks.push(name); };
  try { setTimeout('x'); } catch (error) { look('setTimeout', error); }
  try { queueMicrotask(1); } catch (error) { look('queueMicrotask', error); }
  try { db.collection(1); } catch (error) { look('collection', error); }
  try { modules.collectionAccess.objectID('x'); } catch (error) { look('objectID', error); }
  try { db.find('x', { a: 1n }); } catch (error) { look('find', error); }
  try { await db.find('x', { $where: 1 }); } catch (error) { look('reply', error); }
  response.body = { leaks };
  response.complete();
}
