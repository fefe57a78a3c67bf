function onRequest(request, response, modules) {
  var entity = modules.utils.kinveyEntity, body = response.body;
  var made = entity(), named = entity('mine'), filled = entity({ a: 1, _kmd: { ect: 'then', lmt: 'then' }, _acl: { creator: 'me' } });
  body.shape = [Object.keys(made), /^[0-9a-f]{24}$/.test(made._id), made._id !== entity()._id, made._kmd.lmt === made._kmd.ect];
  body.named = [named._id, named._acl];
  body.filled = [filled.a, filled._id.length, filled._acl.creator, filled._kmd.ect, filled._kmd.lmt > '2020'];
  var acl = named._acl;
  acl.addReader('r').addReader('r').addReader('q').removeReader('q').addWriter('w').addReaderGroup('g').addWriterGroup('h')
    .removeWriterGroup('h').setGloballyReadable(true);
  body.acl = acl;
  body.read = [acl.getCreator(), acl.getReaders(), acl.getWriters(), acl.getReaderGroups(), acl.getWriterGroups(),
    acl.getGloballyReadable(), acl.getGloballyWritable()];
  var kinvey = modules.kinvey;
  body.is = [kinvey.isKinveyEntity(kinvey.entity()), kinvey.isKinveyEntity({ _acl: {}, _kmd: {} }), kinvey.isKinveyEntity(null)];
  var to = modules.utils.convert.toKinveyDateString, from = kinvey.fromKinveyDateString;
  var text = 'ISODate("2014-02-26T19:45:22.211Z")';
  body.to = [to(new Date(1393443922211)), to(modules.moment(1393443922211)), to('2014-02-26T19:45:22.211Z'), to(text),
    to('nonsense'), to(new Date(NaN)), to(null) === undefined, to(7) === undefined];
  body.from = [from(text), from(text, 'moment').year(), from(text, 'string'), from('2014'), from(text, 'other'), from(null),
    from(text) instanceof Date];
  body.text = [modules.utils.renderTemplate('{{#a}}<{{b}}>{{/a}}', { a: [{ b: '&' }, { b: 2 }] }),
    modules.utils.base64.encode('é€😀'), modules.utils.base64.decode('w6nigqzwn5iA')];
  response.complete();
}
