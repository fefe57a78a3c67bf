'use strict';
var onRequest = function (request, response) {
  response.body = { self: this === undefined };
  response.complete();
};
