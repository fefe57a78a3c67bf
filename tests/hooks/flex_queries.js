function onRequest(context, complete, modules) {
  const { Query } = modules;
  const thrown = (body) => { try { body(); } catch (error) { return error.debug; } };
  const joined = new Query().equalTo('a', 1).and().lessThan('b', 2).or().exists('c').notEqualTo('d', 0);
  joined.limit = '7';
  complete([
    new Query().contains('a', 1).containsAll('b', [1, 2]).notContainedIn('c', 'x').mod('n', 4).size('l', 2),
    new Query().greaterThanOrEqualTo('a', 1).lessThanOrEqualTo('a', 'z').near('p', [1, 2], 3).ascending('n'),
    new Query().withinBox('p', [0, 0], [1, 1]).matches('t', /^x/m).nor({ filter: { z: 1 } }),
    new Query({ fields: ['a', 'b'], filter: { a: 1 }, sort: { a: -1 }, skip: 2 }).toQueryString(),
    joined.toPlainObject(),
    [thrown(() => new Query().matches('a', /x/)), thrown(() => new Query().greaterThan('a', {})), thrown(() => new Query({ fields: 1 }))],
  ]).ok().done();
}
