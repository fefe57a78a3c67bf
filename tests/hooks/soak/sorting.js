// Sorting: stable, with comparators that lie, on sparse and mixed arrays.
let state = 12345;
const next = () => (state = (Math.imul(state, 1103515245) + 12345) & 0x7fffffff);
const people = Array.from({ length: 1500 }, (_, i) => ({ i, age: next() % 50, name: 'n' + (next() % 300) }));
const byAge = people.toSorted((a, b) => a.age - b.age);
let stable = true;
for (let i = 1; i < byAge.length; i++) {
  if (byAge[i - 1].age === byAge[i].age && byAge[i - 1].i > byAge[i].i) stable = false;
}
const byName = [...people].sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : b.age - a.age));
const liar = people.map((p) => p.age).sort(() => 1).slice(0, 20);
const mixed = [3, undefined, 'b', 10, , null, 'a', 1].sort();
const numbers = Int32Array.from(people, () => next() - 0x3fffffff).sort();
complete(null, {
  stable, byName: byName.slice(0, 10).map((p) => p.name + p.age), liar, mixed, length: mixed.length,
  low: numbers[0], high: numbers[1499], reversed: people.map((p) => p.i).toReversed().slice(0, 3),
});
