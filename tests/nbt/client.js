// An application server with npm background-task 2.x, unmodified: submits tasks, prints what it hears.
//
//   node client.js PLAN        PLAN is a file with JSON:
//     connect     the options of `connect`; ioredis's own stand in `redisOptions`
//     tasks       [{message, options}]: the arguments of `addTask`
//     oneByOne    whether each task waits for the end of the one before, and not only for its
//                 place among the tasks of its key, which the package does not take in one step
//     lingerMs    how long to listen after the last task
//
// Each line of the output is one JSON object: {event, task, …} with the task's place in the plan.
//   added {id} · progress {reply} · done {reply} · failed {error: {message, …}} · emitted {name}
'use strict';

const fs = require('fs');
const util = require('util');

// Node 23 has no such function any more, and the package calls it.
util.isArray = util.isArray || Array.isArray;

const backgroundTask = require('background-task');

const plan = JSON.parse(fs.readFileSync(process.argv[2], 'utf8'));
const print = (line) => process.stdout.write(`${JSON.stringify(line)}\n`);

// What `JSON.stringify` leaves out of an Error.
const shown = (error) => ({ ...error, message: error.message });

const client = backgroundTask.connect(plan.connect);
client.on('error', (error) => print({ event: 'error', error: shown(error) }));
client.on('TASK_DONE', (id) => print({ event: 'emitted', name: 'TASK_DONE', id }));
client.on('TASK_PROGRESS', (id) => print({ event: 'emitted', name: 'TASK_PROGRESS', id }));

// Two promises: of a task's end, and of its place among the tasks of its key.
function run(task, index) {
  const end = {};
  end.reached = new Promise((resolve) => { end.reach = resolve; });
  let hasEnded = false;
  const ended = (id, reply) => {
    hasEnded = true;
    const error = reply instanceof Error;
    print(error ? { event: 'failed', task: index, id, error: shown(reply) }
                : { event: 'done', task: index, id, reply });
    end.reach();
  };
  const progress = (id, reply) => print({ event: 'progress', task: index, id, reply });
  const id = client.addTask(task.message, task.options || {}, ended, progress);
  print({ event: 'added', task: index, id });
  const placed = new Promise((resolve) => {
    const look = setInterval(() => {
      if (hasEnded || client.msgMap[id]) {
        clearInterval(look);
        resolve();
      }
    }, 1);
  });
  return { placed, ended: end.reached };
}

async function main() {
  const ends = [];
  for (const [index, task] of plan.tasks.entries()) {
    const { placed, ended } = run(task, index);
    await (plan.oneByOne ? ended : placed);
    ends.push(ended);
  }
  await Promise.all(ends);
  // Late replies are to find a client that listens.
  await new Promise((resolve) => setTimeout(resolve, plan.lingerMs || 0));
  client.shutdown(() => process.exit(0));
}

// The package says nowhere when it listens: its bus, when its three connections are ready.
const bus = client.notificationBus;
const listens = setInterval(() => {
  const ready = [bus.subClient, bus.pubClient, bus.dataClient && bus.dataClient.redis]
    .every((connection) => connection && connection.client.status === 'ready');
  if (ready && bus.subClient.client.condition && bus.subClient.client.condition.subscriber) {
    clearInterval(listens);
    main();
  }
}, 5);
