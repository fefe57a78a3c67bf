// `modules.push` and `modules.email`. Like all of Kinvey's calls they are fire and forget: what was
// asked for before the hook's end goes out.
(function (parts) {
  'use strict';
  const { bridge } = parts;
  const { isArray, start, ErrorCtor, TypeErrorCtor } = bridge;
  const missing = (value) => value === undefined || value === null;
  const callbackOf = (value) => (typeof value === 'function' ? value : undefined);

  function need(value, name) {
    if (missing(value)) {
      throw new TypeErrorCtor(`You must specify the '${name}' parameter to send a push notification`);
    }
  }
  function send(users, message, callback) {
    need(users, 'users');
    need(message, 'message');
    const destination = isArray(users) ? users : [users];
    start('push.send', { __proto__: null, destination, messageContent: message }, undefined, callbackOf(callback));
  }
  function broadcast(message, callback) {
    need(message, 'message');
    start('push.broadcast', { __proto__: null, messageContent: message }, undefined, callbackOf(callback));
  }
  const push = {
    send(users, message, callback) { send(users, message, callback); },
    sendMessage(users, message, callback) { send(users, message, callback); },
    broadcast(message, callback) { broadcast(message, callback); },
    broadcastMessage(message, callback) { broadcast(message, callback); },
    sendPayload(users, iOSAps, iOSExtras, androidPayload, callback) {
      send(users, { iOSAps, iOSExtras, androidPayload }, callback);
    },
    broadcastPayload(iOSAps, iOSExtras, androidPayload, callback) {
      broadcast({ iOSAps, iOSExtras, androidPayload }, callback);
    },
  };

  const answer = (reply) => (missing(reply.mailServerResponse) ? reply : reply.mailServerResponse);
  // A callback may stand in the place of any of the optional arguments.
  function optional(args, index) {
    const value = args[index];
    return typeof value === 'function' || value === undefined ? null : value;
  }
  const email = {
    send(...args) {
      const { 0: from, 1: to, 2: subject, 3: body } = args;
      if (missing(from) || missing(to) || missing(subject) || missing(body)) {
        throw new ErrorCtor("To send an email, you must specify the 'to', 'from', 'subject' and 'body' parameters");
      }
      let callback;
      for (let i = 4; i <= 8 && callback === undefined; i++) callback = callbackOf(args[i]);
      const message = {
        __proto__: null, from, to, cc: optional(args, 6), bcc: optional(args, 7), subject, body,
        html: optional(args, 5), replyTo: optional(args, 4),
      };
      start('email.send', message, answer, callback);
    },
  };

  return { __proto__: null, email, push };
})
