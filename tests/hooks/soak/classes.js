// Classes: private fields and methods, static blocks, accessors, super, Symbol.species.
class Account {
  #cents = 0;
  static #made = 0;
  static names = [];
  static { this.names.push('static block'); }
  constructor(name) { this.name = name; Account.#made++; }
  #check(n) { if (!Number.isInteger(n) || n <= 0) throw new TypeError(`bad amount ${n}`); }
  pay(n) { this.#check(n); this.#cents += n; return this; }
  get balance() { return this.#cents / 100; }
  static has(x) { return #cents in x; }
  static get made() { return Account.#made; }
}
class Savings extends Account {
  #rate;
  constructor(name, rate) { super(name); this.#rate = rate; }
  grow() { return this.pay(Math.round(this.balance * 100 * this.#rate)); }
  get balance() { return super.balance; }
}
class List extends Array { sum() { return this.reduce((a, b) => a + b, 0); } }
const list = new List();
for (let i = 1; i <= 300; i++) list.push(new Savings('s' + i, (i % 9 + 1) / 10).pay(i * 100).grow().balance);
let bad = '';
try { new Account('x').pay(0.5); } catch (error) { bad = error.message; }
complete(null, {
  made: Account.made, total: list.sum(), mapped: list.map((x) => x * 2) instanceof List, bad,
  has: [Account.has(new Savings('y', 1)), Account.has({})], names: Savings.names,
});
