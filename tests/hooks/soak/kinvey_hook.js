// A hook as tenants write them: validation, defaults, a changed request and response headers.
function onPreSave(request, response, modules) {
  const logger = modules.logger;
  const body = request.body;
  logger.info('saving ' + Object.keys(body).length + ' fields');
  const errors = [];
  for (const field of ['title', 'isbn', 'price']) if (body[field] === undefined) errors.push(field + ' is missing');
  body.slug = String(body.title || 'Ünïted  Books & Co').toLowerCase().normalize('NFD').replace(/[^a-z0-9]+/g, '-');
  modules.utils.tempObjectStore.set('errors', errors);
  setTimeout(function () {
    response.headers['x-errors'] = errors.length;
    response.body = { errors, slug: body.slug, stored: modules.utils.tempObjectStore.getAll() };
    errors.length > 5 ? response.error(errors.join()) : response.complete(201);
  }, 0);
}
