// The third argument of a Kinvey hook: made once, before there is a job.
(function (parts) {
  'use strict';
  const { bridge, bytes, collectionAccess, contexts, entities, libraries, logger, messages, partners, progress, request, validation } = parts;
  const { apply, put, toString } = bridge;
  const { fromBase64, fromUtf8, toBase64, toUtf8, wellFormed } = bytes;
  const { dates, entity, isKinveyEntity } = entities;
  const replace = String.prototype.replace;
  const notBase64 = /[^A-Za-z0-9+/]/g;
  const { loaded } = libraries;

  const utils = {
    base64: {
      encode(text) { return toBase64(toUtf8(wellFormed(text))); },
      decode(text) { return fromUtf8(fromBase64(apply(replace, toString(text), [notBase64, '']))); },
    },
    convert: dates,
    kinveyEntity: entity,
    renderTemplate(template, data) { return loaded.render(template, data); },
    tempObjectStore: contexts.tempObjectStore,
  };

  const modules = {
    backendContext: contexts.backendContext,
    collectionAccess: collectionAccess.collectionAccess,
    email: messages.email,
    kinvey: { entity, isKinveyEntity, ...dates },
    logger: logger.logger,
    progress(value, callback) { progress(value, callback); },
    pubnub: partners.pubnub,
    push: messages.push,
    request: request.requestModule,
    requestContext: contexts.requestContext,
    utils,
    validation: validation.validation,
    xmpp: partners.xmpp,
  };
  // Once there are any.
  function addLibraries() {
    const names = ['async', 'bluebird', 'lodash', 'moment'];
    for (let i = 0; i < names.length; i++) put(modules, names[i], loaded[names[i]]);
  }

  return { __proto__: null, addLibraries, modules };
})
