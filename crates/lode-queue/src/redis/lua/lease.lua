-- lease: admits the inbox, does what time brings, picks jobs fairly across apps.
--
-- KEYS, ARGV 1 to 11: see base.lua
-- ARGV 12 worker  13 jobs at most  14 token stem  15... apps to pass over
-- Reply {last wake id, ms until time brings something or -1, then per job:
--        id, token, job text, attempts, microseconds queued, why it must not run or ''}

local WORKER, WANTED, STEM = ARGV[12], tonumber(ARGV[13]), ARGV[14]
local not_of, passed_over = {}, #ARGV - 14
for i = 15, #ARGV do not_of[ARGV[i]] = true end
local taken = 0

-- Puts jobs of hooks that have got a limit in their lanes, from the head of the app's line. False
-- when that is more than this script may do: then the next call goes on with the app.
local moves_left = LANE_MOVES_MAX
local function sort_into_lanes(app, hooks)
  while true do
    local head = redis.call('ZRANGE', app_key(app), 0, 0, 'WITHSCORES')
    if not head[1] then return true end
    local id = string.sub(head[1], string.find(head[1], ':', 1, true) + 1)
    local hook = redis.call('HGET', job_key(id), 'hook')
    if not hook or not hooks[hook] then return true end
    if moves_left == 0 then
      not_of[app], eligible = true, true
      return false
    end
    moves_left = moves_left - 1
    redis.call('ZREM', app_key(app), head[1])
    to_lane(app, hook, head[2], head[1])
  end
end

local function is_before(a, b)
  local x, y = tonumber(a[2]), tonumber(b[2])
  return x < y or (x == y and a[1] < b[1])
end

-- Takes the id of the job that an app starts next out of its line; nil when none may start now.
local function pop(app)
  local hooks, lanes = limits_of(app).hooks, lanes_of(app)
  local key, lane = app_key(app), nil
  local member
  if not hooks and #lanes == 0 then
    member = redis.call('ZPOPMIN', key)[1]
  else
    if hooks and not sort_into_lanes(app, hooks) then return nil end
    lanes = lanes_of(app)
    local best = redis.call('ZRANGE', key, 0, 0, 'WITHSCORES')
    for _, hook in ipairs(lanes) do
      if opens_at(hooks and hooks[hook], app, hook) == 0 then
        local head = redis.call('ZRANGE', lane_key(app, hook), 0, 0, 'WITHSCORES')
        if head[1] and (not best[1] or is_before(head, best)) then best, lane = head, hook end
      end
    end
    member = best[1]
    if member then redis.call('ZREM', lane and lane_key(app, lane) or key, member) end
    if lane then tidy_lane(app, lane) end
  end
  if not member then return nil end
  tally('queued', -1)
  return string.sub(member, string.find(member, ':', 1, true) + 1)
end

-- at_cap with what this script has counted itself.
local counts = {}
local function is_at_cap(app)
  if not counts[app] then return at_cap(app) end
  local cap = limits_of(app).cap or DEFAULT_CAP
  return app ~= '' and cap >= 0 and counts[app] >= cap
end

-- Leases the next job of an app that may start one. False when it came to nothing.
local function pick_from(app)
  local id = pop(app)
  if not id then return false end
  local f = redis.call('HMGET', job_key(id), 'job', 'attempts', 'at', 'dl', 'hook')
  if not f[1] then return false end -- deleted by hand or evicted
  local attempts, dl = tonumber(f[2] or '0'), tonumber(f[4] or nil)
  if attempts == 0 and dl and dl <= now_ms() then
    to_unrunnable({ id = id, app = app, dl = dl }, 'expired')
    tally('expired', 1)
    return false
  elseif attempts >= ATTEMPTS_MAX then
    to_unrunnable({ id = id, app = app }, 'attempts')
    return false
  end
  if dl then redis.call('ZREM', DEADLINES, id) end
  local limits = limits_of(app)
  consume(limits.rate, app, '')
  consume(f[5] and limits.hooks and limits.hooks[f[5]], app, f[5])
  counts[app] = redis.call('HINCRBY', RUNNING, app, 1)
  hand(id, f[1], attempts + 1, f[3], '', WORKER, STEM)
  taken = taken + 1
  return true
end

-- Start-time fair queueing: the app of the smallest tag is next, and each job costs it a share of
-- virtual time, the smaller the larger its weight.
local function pick()
  if queue_paused then return end
  local skip = 0
  -- Every turn takes a job, ends one or takes an app out; the bound is for apps and jobs that are
  -- out by a lowered cap, a deadline or a new limit.
  for _ = 1, WANTED + 100 + passed_over do
    if taken >= WANTED then return end
    local top = redis.call('ZRANGE', ACTIVE, skip, skip, 'WITHSCORES')
    local app, tag = top[1], tonumber(top[2])
    if not app then return end
    if not_of[app] then
      skip = skip + 1
    else
      local is_picked = not is_at_cap(app) and opens_at(limits_of(app).rate, app, '') == 0
        and pick_from(app)
      if is_picked then
        V = math.max(V, tag)
        local share = math.floor(COST / (limits_of(app).weight or 1))
        redis.call('ZADD', ACTIVE, whole(tag + share), app)
      end
      -- Mostly it stays where it is.
      local stays = is_picked and limits_of(app) == NONE and not is_at_cap(app)
        and redis.call('EXISTS', app_key(app)) == 1
      if not stays then place(app) end
    end
  end
end

local refused = keep_layout(noted[7])
if refused then return refused end
drain()
observe()
sweep()
admit(ADMIT_MAX, ADMIT_MAX)
place_touched()
pick()
if taken < WANTED then
  -- A default cap that changed between two workers leaves apps marked as capped: look at a few.
  for _, app in ipairs(redis.call('SRANDMEMBER', CAPPED, HEAL_MAX)) do touch(app) end
  if next(touched) then
    place_touched()
    pick()
  end
end
-- A handle that tends gets them by that: it must not be woken by what it does not get here.
local lane_left = redis.call('EXISTS', UNRUNNABLE) == 1
  and not redis.call('ZSCORE', WORKERS, ARGV[3])
if lane_left then
  hand_unrunnable(WORKER, STEM)
  lane_left = redis.call('EXISTS', UNRUNNABLE) == 1
end
flush()
redis.call('HSET', ABOUT, 'v', whole(V), 'seen', whole(now_ms()))
-- Whoever is not ahead of the queue's time starts at it anyway, and a rate whose time is over
-- is as one that was never used.
redis.call('ZREMRANGEBYSCORE', VT, '-inf', whole(V))
redis.call('ZREMRANGEBYSCORE', TATS, '-inf', whole(now_us()))

-- The id before our own wake: if jobs are left, this worker's next wait returns at once, too. Not
-- for apps that it passed over: it would come back for them again and again.
local last = redis.call('XREVRANGE', WAKE, '+', '-', 'COUNT', 1)[1]
local more = (taken >= WANTED or eligible) and not queue_paused
  and redis.call('EXISTS', ACTIVE) == 1
if more or lane_left then wake() end
local reply = { last and last[1] or '0-0', next_in_ms() }
for i, value in ipairs(out) do reply[i + 2] = value end
return reply
