// Run by a schedule: what is old goes, and an entry says how much it was.
function onRequest(request, response, modules) {
  var info = modules.logger.info, warn = modules.logger.warn;
  var sessions = modules.collectionAccess.collection('sessions');
  var border = modules.moment(request.body.now).subtract('days', 30).toISOString();
  info('cleaning up what is older than ' + border);

  sessions.count({ '_kmd.lmt': { $lt: border } }, function(error, count) {
    if (error) { modules.logger.fatal(error); return response.error(error); }
    if (count === 0) {
      warn('nothing to clean up');
      return response.complete(204);
    }
    sessions.remove({ '_kmd.lmt': { $lt: border } }, function(error, removed) {
      var entry = modules.utils.kinveyEntity({ removed: removed, counted: count, at: new Date(request.body.now) });
      entry._acl.setGloballyReadable(false).addReader('auditor');
      entry.text = modules.utils.convert.toKinveyDateString(modules.moment(entry.at));
      modules.collectionAccess.collection('cleanups').save(entry, function(error, saved) {
        if (error) return response.error(error);
        response.body = { removed: saved.removed, at: saved.at, text: saved.text, acl: saved._acl, isHex: /^[0-9a-f]{24}$/.test(saved._id), left: 0 };
        sessions.count({}, function(error, left) {
          response.body.left = left;
          response.complete();
        });
      });
    });
  });
}
