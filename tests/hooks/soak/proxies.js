// Proxy and Reflect: every trap counted, an invariant broken on purpose.
const counts = {};
const handler = new Proxy({}, {
  get(_, trap) {
    counts[trap] = (counts[trap] || 0) + 1;
    return (...args) => Reflect[trap](...args);
  },
});
function Target(x) { this.x = x; }
const proxy = new Proxy(Target, handler);
const made = new proxy(5);
proxy.a = 1; delete proxy.a; 'a' in proxy; Object.keys(proxy);
Object.defineProperty(proxy, 'b', { value: 2, configurable: true });
Object.getPrototypeOf(proxy); Object.isExtensible(proxy); proxy.call(made, 6);
let hot = 0;
const doubled = new Proxy([], { get: (_, key) => (key === 'length' ? 5000 : Number(key) * 2) });
for (let i = 0; i < doubled.length; i++) hot += doubled[i];
let broken = '';
const frozen = Object.freeze({ a: 1 });
try { new Proxy(frozen, { get: () => 2 }).a; } catch (error) { broken = error.message; }
const { proxy: revoked, revoke } = Proxy.revocable({}, {});
revoke();
let gone = '';
try { revoked.a; } catch (error) { gone = error.message; }
complete(null, { counts, x: made.x, hot, broken, gone, keys: Reflect.ownKeys(class { static s = 1; }) });
