function onRequest(request, response, modules) {
  var info = modules.logger.info, objectID = modules.collectionAccess.objectID;
  var collection = modules.collectionAccess.collection;
  var books = collection('books'), insert = books.insert, findOne = books.findOne;
  var all = { I: modules.logger.info, W: modules.logger.warn, E: modules.logger.error, F: modules.logger.fatal };
  info('detached');
  all.I('info'); all.W('warning'); all.E('error'); all.F('fatal');
  info(modules); info(request); info(undefined); info(new Error('as text'));
  var id = objectID('0123456789ABCDEF01234567');
  insert({ _id: id, title: 'Emma' }, function (error, stored) {
    findOne({ _id: books.objectID('0123456789abcdef01234567') }, function (error, book) {
      var complete = response.complete;
      response.body = { text: id + '', title: book.title, id: book._id, json: JSON.stringify({ id: id }) };
      complete(200);
    });
  });
}
