"""A producer for Lode with nothing but the ordinary `redis` package.

    pip install redis
    python3 producer.py redis://127.0.0.1:6379 shop books.onPreSave '{"title": "Emma"}'

QUEUE is a URL, redis://host:port/db or unix:///path, with ?queue=NAME when it is not `default`.
Prints the outcome. Exit code: 0 completed or continued, 1 any other tag, 2 usage, 3 no outcome.
"""

import json
import re
import sys
import uuid

import redis

WAIT_S = 30


def run(url, app, hook, body):
    # `queue=NAME` is Lode's; the client must not see it.
    name = re.search(r"[?&]queue=([\w-]+)", url)
    queue = name.group(1) if name else "default"
    url = re.sub(r"([?&])queue=[\w-]+&?", r"\1", url).rstrip("?&")
    # The client's own time limit must be longer than the wait below.
    client = redis.from_url(url, socket_timeout=WAIT_S + 5)

    # A list of its own for each job: nobody else can take the answer.
    reply_to = f"lode:{{{queue}}}:reply:{uuid.uuid4()}"
    job = {"app": app, "hook": hook, "request": {"body": body}, "reply_to": reply_to}
    client.xadd(f"lode:{{{queue}}}:in", {"job": json.dumps(job)})
    popped = client.blpop([reply_to], timeout=WAIT_S)
    return json.loads(popped[1]) if popped else None


def main(args):
    if len(args) not in (3, 4):
        print("usage: producer.py QUEUE APP HOOK [BODY]", file=sys.stderr)
        return 2
    body = json.loads(args[3]) if len(args) == 4 else {}
    outcome = run(*args[:3], body)
    if outcome is None:
        print(f"no outcome within {WAIT_S} s; is a worker serving this queue?", file=sys.stderr)
        return 3
    print(json.dumps(outcome))
    return 0 if outcome["tag"] in ("completed", "continued") else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
