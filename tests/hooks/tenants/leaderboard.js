// A board of the best: by group, by map and reduce, and by hand.
function onRequest(request, response, modules) {
  var scores = modules.collectionAccess.collection('scores');
  var level = request.body.level;

  var map = function() {
    if (this.level >= level) emit(this.player, { sum: this.points, games: 1 });
  };
  var reduce = function(player, values) {
    var out = { sum: 0, games: 0 };
    values.forEach(function(value) { out.sum += value.sum; out.games += value.games; });
    return out;
  };

  scores.mapReduce(map, reduce, { scope: { level: level }, out: { inline: 1 } }, function(err, totals) {
    if (err) return response.error(err);
    response.body.totals = totals;
    scores.group({ player: true }, { level: { $gte: level } }, { best: 0 },
      'function(score, board) { if (score.points > board.best) board.best = score.points; }',
      true,
      function(err, best) {
        if (err) return response.error(err);
        best.sort(function(a, b) { return b.best - a.best; });
        response.body.best = best;
        scores.distinct('player', { level: { $lt: level } }, function(err, beginners) {
          response.body.beginners = beginners;
          scores.find({ level: { $gte: level } }, { sort: { points: -1, player: 1 }, limit: 2, fields: ['player', 'points'] }, function(err, top) {
            response.body.top = top.map(function(s) { delete s._id; return s; });
            response.complete();
          });
        });
      });
  });
}
