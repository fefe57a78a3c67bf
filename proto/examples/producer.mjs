// A producer for Lode with nothing but the ordinary `redis` package.
//
//     npm install redis
//     node producer.mjs redis://127.0.0.1:6379 shop books.onPreSave '{"title": "Emma"}'
//
// QUEUE is a URL, redis://host:port/db or unix:///path, with ?queue=NAME when it is not `default`.
// Prints the outcome. Exit code: 0 completed or continued, 1 any other tag, 2 usage, 3 no outcome.

import { randomUUID } from 'node:crypto';
import { createRequire } from 'node:module';

// From the folder that this is run in, where `npm install redis` was typed, or from NODE_PATH.
// In a module of your own it is: import { createClient } from 'redis';
const { createClient } = createRequire(`${process.cwd()}/`)('redis');

const WAIT_S = 30;

function connect(url) {
  // `queue=NAME` is Lode's; the client must not see it.
  url.searchParams.delete('queue');
  const options = url.protocol === 'unix:' ? { socket: { path: url.pathname } } : { url: url.href };
  return createClient(options).on('error', (error) => { throw error; }).connect();
}

async function run(address, app, hook, body) {
  const url = new URL(address);
  const queue = url.searchParams.get('queue') ?? 'default';
  const client = await connect(url);
  try {
    // A list of its own for each job: nobody else can take the answer.
    const replyTo = `lode:{${queue}}:reply:${randomUUID()}`;
    const job = { app, hook, request: { body }, reply_to: replyTo };
    await client.xAdd(`lode:{${queue}}:in`, '*', { job: JSON.stringify(job) });
    const popped = await client.blPop(replyTo, WAIT_S);
    return popped && JSON.parse(popped.element);
  } finally {
    client.destroy();
  }
}

async function main(args) {
  if (args.length !== 3 && args.length !== 4) {
    console.error('usage: node producer.mjs QUEUE APP HOOK [BODY]');
    return 2;
  }
  const [address, app, hook, body = '{}'] = args;
  const outcome = await run(address, app, hook, JSON.parse(body));
  if (outcome === null) {
    console.error(`no outcome within ${WAIT_S} s; is a worker serving this queue?`);
    return 3;
  }
  console.log(JSON.stringify(outcome));
  return ['completed', 'continued'].includes(outcome.tag) ? 0 : 1;
}

process.exitCode = await main(process.argv.slice(2));
