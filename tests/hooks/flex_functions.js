// Flex's functions; body.call says how to complete.
function onRequest(context, complete, modules) {
  var call = context.body.call;
  var builder = complete(context.body.given);
  call.forEach(function (step) { builder = builder[step[0]].apply(builder, step.slice(1)); });
}

var onPreFetch = (context, complete, modules) => {
  const query = JSON.parse(context.query.query);
  query.seen = [context.hookType, context.objectName, context.method, context.entityId];
  complete().setQuery({ query, sort: { n: 1 }, limit: 5 }).next();
};

const onPostFetch = async function (context, complete) {
  await null;
  complete(context.body.map((doc) => Object.assign(doc, { type: context.hookType }))).next();
};
