// Common code of an app: one text before each of its hooks.
var Shop = Shop || {};
Shop.tax = 0.19;
Shop.gross = function (net) { return round(net * (1 + Shop.tax)); };

function round(amount) { return Math.round(amount * 100) / 100; }

init = function (modules) {
  I = modules.logger.info;
  orders = modules.collectionAccess.collection('orders');
};

function refuse(response, status, text) {
  response.body = { error: text };
  response.complete(status);
}
