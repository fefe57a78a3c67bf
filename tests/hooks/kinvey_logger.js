function onRequest(request, response, modules) {
  var logger = modules.logger, info = logger.info;
  info('text'); info(undefined); info(null); info(7); info(true); info({ a: [1] }); info([1, 'x']);
  info(new TypeError('told')); info(modules); info(request); info(new Date(0)); info(function () {});
  var circle = {};
  circle.self = circle;
  info(circle);
  logger.warn('w'); logger.error('e');
  logger.fatal('f', function (error) {
    response.body = [error, JSON.stringify(modules).length > 2, JSON.stringify(request).length > 2];
    response.complete();
  });
}
