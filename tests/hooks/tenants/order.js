"use strict";
var onPreSave = function (request, response, modules) {
  init(modules);
  if (!(request.body.lines instanceof Array)) {
    return refuse(response, 422, 'an order has lines');
  }
  request.body.net = request.body.lines.reduce(function (sum, line) { return sum + line.price * (line.count || 1); }, 0);
  request.body.gross = Shop.gross(request.body.net);
  orders.find({ customer: request.body.customer }, { sort: { number: -1 }, limit: 1, '_kmd.ect': 1 }, function (err, last) {
    request.body.number = last.length ? last[0].number + 1 : 1;
    I('order ' + request.body.number);
    response.continue();
  });
};
