// Answers rounds of cases with mingo, an independent implementation of MongoDB's query language.
// Reads one JSON text from stdin, writes one to stdout; an error is answered as {"error": "…"}.
'use strict';

const { Query, updateOne } = require('mingo');

const attempt = (work) => {
  try {
    return { value: work() };
  } catch (error) {
    return { error: String(error && error.message) };
  }
};

const copy = (value) => JSON.parse(JSON.stringify(value));

function answer({ documents, filters, sorts, projections, updates }) {
  return {
    filters: filters.map((filter) =>
      attempt(() => {
        const query = new Query(filter);
        return documents.map((document) => query.test(document));
      }),
    ),
    sorts: sorts.map((sort) =>
      attempt(() => new Query({}).find(copy(documents)).sort(sort).all().map(({ _id }) => _id)),
    ),
    projections: projections.map((fields) =>
      attempt(() => new Query({}).find(copy(documents), fields).all()),
    ),
    updates: updates.map(({ document, query, change }) =>
      attempt(() => {
        const one = [copy(documents[document])];
        const { matchedCount } = updateOne(one, query, change);
        return matchedCount ? one[0] : null;
      }),
    ),
  };
}

let text = '';
process.stdin.setEncoding('utf8');
process.stdin.on('data', (chunk) => (text += chunk));
process.stdin.on('end', () => process.stdout.write(JSON.stringify(JSON.parse(text).map(answer))));
