// attack: natives: canonicalises a list of locales that never ends
// expect: hook_timeout
// debug: the wall limit of 400 ms passed
// limit: timeout_ms=400
function onRequest() { return Intl.getCanonicalLocales(new Proxy({ length: 2 ** 53 - 1 }, { has: () => true, get: (target, key) => (key === 'length' ? 2 ** 53 - 1 : 'en-x-' + key) })); }
