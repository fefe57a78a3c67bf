// Every operation of a collection once: what is sent is looked at by the test.
function onRequest(request, response, modules) {
  var books = modules.collectionAccess.collection('books'), told = response.body;
  var steps = [
    ['find', [{ n: 1 }, { sort: 'n', limit: '5', skip: -2, fields: ['a', 7], '_kmd.ect': 1 }]],
    ['find', ['{"n":2}', []]],
    ['findOne', [{ name: /^a.b/i, $or: [{ x: { $regex: /y/m } }] }, {}]],
    ['insert', [{ a: 1 }, { safe: true }]],
    ['save', [{ _id: 'a' }, {}]],
    ['update', [{}, { $set: { a: 1 } }, { upsert: 1, updateMultiple: true, w: 1 }]],
    ['remove', [{ a: 1 }, {}]],
    ['findAndModify', [{ a: 1 }, [['n', -1]], { $inc: { n: 1 } }, { returnModifiedEntity: true, upsert: false }]],
    ['findAndModify', [{ a: 0 }, {}, {}, { remove: true }]],
    ['findAndRemove', [{ a: 1 }, { n: 1 }]],
    ['count', [{}]],
    ['distinct', ['tags', { a: 1 }]],
    ['distinct', ['tags']],
    ['geoNear', [1.5, 2, { limit: 3, query: { name: /x/ }, maxDistance: '0.5', spherical: 1, odd: 1 }]],
  ];
  (function step(index) {
    if (index === steps.length) {
      return modules.collectionAccess.collectionExists('books', function (error, exists) {
        told.exists = exists;
        response.complete();
      });
    }
    var name = steps[index][0];
    books[name].apply(undefined, steps[index][1].concat(function (error, result) {
      told[index + name] = error ? error.code : result;
      step(index + 1);
    }));
  })(0);
}
