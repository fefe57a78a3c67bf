-- Shared by all scripts: stands textually in front of each of them.
--
-- KEYS, the same for every script, all in one slot by their hash tag ({q} is the queue's name):
--   1 lode:{q}:in       stream   the inbox; producers XADD here
--   2 lode:{q}:wake     stream   one entry, rewritten when a job becomes leasable
--   3 lode:{q}:active   zset     eligible apps by virtual time: jobs waiting, below their cap
--   4 lode:{q}:vt       zset     virtual time of apps that are ahead of the queue's and not active
--   5 lode:{q}:capped   set      apps with jobs waiting that are at their cap
--   6 lode:{q}:leases   zset     leased job ids by expiry in ms
--   7 lode:{q}:running  hash     app -> leased jobs
--   8 lode:{q}:caps     hash     app -> cap, where it is not the default
--   9 lode:{q}:meta     hash     seq, v (virtual time), queued, counters, dead_bytes
--  10 lode:{q}:dead     stream   the dead list
-- Keys made from them: lode:{q}:job:<id> hash, lode:{q}:app:<app> zset of waiting ids by score.
--   job hash: job app score idem at attempts; while leased token worker; once lost: lost (1, 2)
-- ARGV of every script: 1 the prefix 'lode:{q}:', 2 the default cap; then the script's own.
--
-- A script is never rolled back, so whatever can fail is checked before the first write.

local IN, WAKE, ACTIVE, VT, CAPPED = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5]
local LEASES, RUNNING, CAPS, META, DEAD = KEYS[6], KEYS[7], KEYS[8], KEYS[9], KEYS[10]
local PREFIX, DEFAULT_CAP = ARGV[1], tonumber(ARGV[2])
local call = redis.call

-- The virtual time: the start tag of the app picked last.
local V = tonumber(call('HGET', META, 'v') or '0')

local function job_key(id) return PREFIX .. 'job:' .. id end
local function app_key(app) return PREFIX .. 'app:' .. app end

-- True when the app may not lease another job. The nameless app has no cap: its jobs are broken
-- and only wait to be told so.
local function at_cap(app)
  if app == '' then return false end
  local cap = tonumber(call('HGET', CAPS, app) or DEFAULT_CAP)
  return cap >= 0 and tonumber(call('HGET', RUNNING, app) or '0') >= cap
end

-- Takes an app out of the running; it keeps its virtual time only while that is ahead.
local function deactivate(app)
  local tag = call('ZSCORE', ACTIVE, app)
  if not tag then return end
  call('ZREM', ACTIVE, app)
  if tonumber(tag) > V then call('ZADD', VT, tag, app) end
end

-- Puts an app where it belongs after any change to it. True when it became eligible.
local function place(app)
  if call('EXISTS', app_key(app)) == 0 then
    call('SREM', CAPPED, app)
    deactivate(app)
    return false
  end
  if at_cap(app) then
    call('SADD', CAPPED, app)
    deactivate(app)
    return false
  end
  call('SREM', CAPPED, app)
  if call('ZSCORE', ACTIVE, app) then return false end
  local tag = tonumber(call('ZSCORE', VT, app) or '0')
  call('ZREM', VT, app)
  call('ZADD', ACTIVE, math.max(tag, V), app)
  return true
end

-- Tells waiting workers that there is something to lease.
local function wake() call('XADD', WAKE, 'MAXLEN', 1, '*', 'w', '1') end

-- Ends a lease. The caller decides what becomes of the job.
local function unlease(id, app)
  call('ZREM', LEASES, id)
  if call('HINCRBY', RUNNING, app, -1) <= 0 then call('HDEL', RUNNING, app) end
end

-- Puts a job under its app again, at the place it had: before everything that came later.
local function requeue(id, app, score)
  call('HDEL', job_key(id), 'token', 'worker')
  call('ZADD', app_key(app), score, id)
  call('HINCRBY', META, 'queued', 1)
end

-- The app and score of a job whose lease is the one named; nil when it is not.
local function owned(id, token)
  local f = call('HMGET', job_key(id), 'token', 'app', 'score', 'lost')
  if f[1] and f[1] == token then return f[2], f[3], f[4] end
  return nil
end
