// Each step hands its result to the next one; the last completes.
function onRequest(request, response, modules) {
  var books = modules.collectionAccess.collection('books');
  var told = [];
  var steps = [
    function (next) { books.insert([{ _id: 'a', n: 1 }, { _id: 'b', n: 2 }, { _id: 'c', n: 3 }], next); },
    function (next) { books.find({ n: { $gte: 2 } }, { sort: { n: -1 }, fields: ['_id'] }, next); },
    function (next) { books.find({}, { sort: [['n', -1]], limit: 1, skip: 1, '_kmd.ect': 1 }, next); },
    function (next) { books.findOne({ _id: 'a' }, next); },
    function (next) { books.findOne({ _id: 'none' }, next); },
    function (next) { books.save({ _id: 'a', n: 7 }, next); },
    function (next) { books.save({ _id: 'd', n: 9 }, next); },
    function (next) { books.update({ n: { $lt: 4 } }, { $set: { low: true } }, { multi: true }, next); },
    function (next) { books.count({ low: true }, next); },
    function (next) { books.remove({ _id: { $in: ['b', 'c'] } }, next); },
    function (next) { books.count({}, next); },
    function (next) { modules.collectionAccess.collection('nothing').find({}, next); },
    function (next) { modules.collectionAccess.collectionExists('books', next); },
    function (next) { books.find({ $nonsense: 1 }, function (error) { next(null, error instanceof Error); }); },
  ];
  (function step(index) {
    if (index === steps.length) {
      response.body = told;
      return response.complete();
    }
    steps[index](function (error, result) {
      if (error) return response.error(error);
      told.push(brief(result));
      step(index + 1);
    });
  })(0);
}

function brief(value) {
  if (Array.isArray(value)) return value.map(brief);
  if (typeof value !== 'object' || value === null) return value;
  return value.n === undefined ? value._id : value._id + value.n;
}
