// Modules that Kinvey had from partners and this platform does not provide: each function of theirs
// throws and says so. They can be shown and written as JSON like any empty object.
(function (parts) {
  'use strict';
  const { bridge } = parts;
  const { hidden, ErrorCtor } = bridge;
  const ProxyCtor = Proxy, get = Reflect.get, has = Reflect.has;

  function notProvided(module, target) {
    const refuse = (name) => () => {
      const out = new ErrorCtor(`modules.${module} is not provided here: ${name} cannot be called`);
      hidden(out, 'name', 'FeatureUnavailable');
      out.code = 'FeatureUnavailable';
      throw out;
    };
    return new ProxyCtor(target === undefined ? {} : target, {
      __proto__: null,
      get(object, name, receiver) {
        // What the language asks any object for: how to show it, write it, wait for it.
        if (typeof name === 'symbol' || name === 'toJSON' || name === 'then' || has(object, name)) {
          return get(object, name, receiver);
        }
        return refuse(name);
      },
    });
  }

  return { __proto__: null, notProvided, pubnub: notProvided('pubnub'), xmpp: notProvided('xmpp') };
})
