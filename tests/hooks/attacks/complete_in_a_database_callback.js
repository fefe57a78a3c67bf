// attack: reentry: completes in a callback while other calls wait, then calls again
// expect: completed
// body: {"first":0}
function onRequest(request, response) {
  for (let i = 0; i < 20; i++) {
    db.count('complete_in_a_database_callback', {}, function (error, count) {
      response.body = { first: i };
      response.complete();
      db.insert('complete_in_a_database_callback', {}, () => response.error('forged'));
    });
  }
}
