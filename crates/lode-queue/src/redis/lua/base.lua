-- Shared by all scripts: stands textually in front of each of them.
--
-- scripts.rs puts in what names in capitals mean: each key below in capitals is KEYS[n], each limit
-- of limits.rs is its number. As locals they would cost each function that is made at each call.
--
-- KEYS, the same for every script, all in one slot by their hash tag ({q} is the queue's name):
--   1 in          stream  the inbox; producers XADD here
--   2 wake        stream  one entry, rewritten when a job becomes leasable
--   3 active      zset    apps that may start a job, by virtual time
--   4 vt          zset    virtual time of apps that are ahead of the queue's and not active
--   5 capped      set     apps with jobs waiting that are at their cap
--   6 throttled   zset    apps with jobs waiting that are over a rate, by the us when that ends
--   7 paused      set     apps that an admin has paused
--   8 laned       set     apps with jobs in lanes of single hooks
--   9 leases      zset    leased job ids by expiry in ms
--  10 running     hash    app -> jobs leased to run
--  11 live        zset    apps by their live jobs
--  12 limits      hash    app -> its quota as JSON, see args.rs
--  13 tats        zset    rates in use by their theoretical arrival time in us (GCRA)
--  14 delayed     zset    ids of delayed jobs by the ms when they are due
--  15 deadlines   zset    ids of jobs never started by the ms when they expire
--  16 unrunnable  list    ids of jobs that wait only to be settled
--  17 cancels     set     ids of running jobs that were cancelled
--  18 workers     zset    handles (the nonce that their tokens begin with) by last beat in ms
--  19 names       hash    handle -> its worker's name
--  20 bans        zset    suspended apps by the ms when that ends
--  21 reasons     hash    app -> why it is suspended
--  22 schedules   hash    schedule -> its text
--  23 ticks       zset    schedules by their next tick in ms
--  24 about       hash    layout, v (virtual time), seq, live, queued, paused, dead_bytes, counters,
--                         looked (the last entry looked at out of turn), far (an entry from the
--                         future came), quotas (their digest), app_max, all_max (the bounds that
--                         workers keep), seen (last lease or tend in ms), and while a silence is
--                         made up for: grace, guard, since (in ms), up (a time in ms)
--  25 dead        stream  the dead list
--  26 owns        hash    <n>:<app><own> -> the id that a job lives under whose name was taken
--                         when it came; n is the app's length in bytes
--  27 absent      never exists: while a slot moves, a Cluster refuses a script with a missing key as a
--                 whole, and not in its middle
--  28 meta        string  what was a hash in the first layout: its scripts fail there, and write nothing
-- Keys made from them, behind lode:{q}: --
--   job:<id> hash, app:<app> zset (waiting jobs), lanes:<app> set (hooks with a lane),
--   lane:<n>:<app><hook> zset (waiting jobs of a limited hook; n is the app's length in bytes),
--   joined:<id> set (further reply lists), dedupe:<n>:<app><key> hash (id, own),
--   result:<n>:<app><own id> string, told:<n>:<app><own id> hash (times that was told to repeats),
--   bad:<app> list (instants of bad jobs), reply:<caller> list
-- Job hash: job app at ord; when there is one: hook, pri (0), idem, own (the id it named), attempts
--   (0), losses (0), dl (deadline in ms), dedupe (a key that goes with the job), joined (lists),
--   progress; while leased token, worker; cancel once cancelled; why once it must not run
-- A waiting job stands in its zset as <ord>:<id> under minus its priority, and ord sorts as the ids
-- of inbox entries do. So the order is by priority, then arrival, whenever a job was put there.
-- ARGV of every script: 1 the prefix 'lode:{q}:'  2 default cap  3 handle  4 lease ms
--   5 attempts at most  6 losses that make poison  7 worker timeout ms  8 live jobs of an app
--   9 live jobs in all  10 result ttl ms  11 reply ttl ms; then from 12 the script's own.
--
-- A script is never rolled back, so whatever can fail is checked before the first write.

local PREFIX = ARGV[1]

local function job_key(id) return PREFIX .. 'job:' .. id end

-- A pair of texts as one, such that no two pairs look alike.
local function pair(app, other) return #app .. ':' .. app .. other end

local function result_key(app, own) return PREFIX .. 'result:' .. pair(app, own) end

-- Numbers above 2^31 in full, whatever the server's way to print a double.
local function whole(number) return string.format('%.0f', number) end

local clock_us
local function now_us()
  if not clock_us then
    local time = redis.call('TIME')
    clock_us = tonumber(time[1]) * 1000000 + tonumber(time[2])
  end
  return clock_us
end
local function now_ms() return math.floor(now_us() / 1000) end

-- The first write of a step that must go on when memory is full: one that needs none. A full
-- server lets the rest of the script pass then, and workers go on draining it.
local function drain() redis.call('DEL', ABSENT) end

-- Tells waiting workers that there is something to lease.
local function wake() redis.call('XADD', WAKE, 'MAXLEN', 1, '*', 'w', '1') end

-- Counters, kept here while the script runs and written once by `flush`.
local tallies, lives = {}, {}
local function tally(name, by) tallies[name] = (tallies[name] or 0) + by end
local function count_live(app, by)
  tally('live', by)
  lives[app] = (lives[app] or 0) + by
end
local function flush()
  for name, by in pairs(tallies) do
    if by ~= 0 then redis.call('HINCRBY', ABOUT, name, by) end
  end
  for app, by in pairs(lives) do
    local left = by == 0 or tonumber(redis.call('ZINCRBY', LIVE, by, app))
    if left ~= true and left <= 0 then redis.call('ZREM', LIVE, app) end
  end
  tallies, lives = {}, {}
end
