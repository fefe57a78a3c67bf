-- How a job moves between its states, but for the ends of its life: admit.lua and settle.lua.

local ATTEMPTS_MAX, POISON_LOSSES = tonumber(ARGV[5]), tonumber(ARGV[6])

local FIELDS = { 'app', 'hook', 'pri', 'ord', 'attempts', 'losses', 'dl', 'idem', 'why', 'cancel',
  'token' }

-- A live job; nil when there is none of this id.
local function job_of(id)
  local found = redis.call('HMGET', job_key(id), unpack(FIELDS))
  if not found[1] then return nil end
  local job = { id = id }
  for i, name in ipairs(FIELDS) do job[name] = found[i] or nil end
  for _, name in ipairs({ 'pri', 'attempts', 'losses' }) do
    job[name] = tonumber(job[name] or '0')
  end
  job.hook = job.hook or ''
  return job
end

-- The job if the caller still holds this lease of it.
local function owned(id, token)
  if redis.call('HGET', job_key(id), 'token') ~= token then return nil end
  return job_of(id)
end

-- Whether the job that lives under this id is the one that an app knows by that name. Who names
-- ids can make any two of them meet, so the name of a key says nothing. Also whether one lives
-- there at all.
local function is_known(id, app, name)
  local found = redis.call('HMGET', job_key(id), 'app', 'own')
  return found[1] == app and (found[2] or id) == name, found[1]
end

-- The id of the live job that an app knows by this name: the same one, or what OWNS says, for jobs
-- whose name was taken by another app's when they came. Also whether the name itself is taken.
local some_owns
local function live_of(app, name)
  local known_so, taken = is_known(name, app, name)
  if known_so then return name, true end
  if some_owns == nil then some_owns = redis.call('EXISTS', OWNS) == 1 end
  local id = some_owns and redis.call('HGET', OWNS, pair(app, name))
  if id and is_known(id, app, name) then return id, taken end
  return nil, taken
end

-- The id of the live job that an app knows by this one; without an app, of whoever lives under it.
local function find_live(id, app)
  if app then return (live_of(app, id)) end
  return redis.call('EXISTS', job_key(id)) == 1 and id or nil
end

local function member_of(job) return job.ord .. ':' .. job.id end

-- Puts a job in a lane of its hook. Lanes are known to the app while they have jobs.
local function to_lane(app, hook, score, member)
  redis.call('ZADD', lane_key(app, hook), score, member)
  redis.call('SADD', lanes_key(app), hook)
  redis.call('SADD', LANED, app)
  some_laned = true
end

-- Forgets a lane that has become empty.
local function tidy_lane(app, hook)
  if redis.call('EXISTS', lane_key(app, hook)) == 1 then return end
  redis.call('SREM', lanes_key(app), hook)
  if redis.call('EXISTS', lanes_key(app)) == 0 then redis.call('SREM', LANED, app) end
end

-- Puts a job among its app's waiting ones, at the place that priority and arrival give it.
local function to_waiting(job)
  local hooks = limits_of(job.app).hooks
  if hooks and hooks[job.hook] then
    to_lane(job.app, job.hook, -job.pri, member_of(job))
  else
    redis.call('ZADD', app_key(job.app), -job.pri, member_of(job))
  end
  tally('queued', 1)
  touch(job.app)
end

-- Takes a job that has not started from where it waits.
local function withdraw(job)
  local member = member_of(job)
  if redis.call('ZREM', app_key(job.app), member) == 1 then
    tally('queued', -1)
  elseif redis.call('ZREM', lane_key(job.app, job.hook), member) == 1 then
    tally('queued', -1)
    tidy_lane(job.app, job.hook)
  else
    redis.call('ZREM', DELAYED, job.id)
  end
  touch(job.app)
end

-- From here on the job waits only to be settled.
local function to_unrunnable(job, why)
  redis.call('HSET', job_key(job.id), 'why', why)
  if job.cancel then
    redis.call('HDEL', job_key(job.id), 'cancel')
    redis.call('SREM', CANCELS, job.id)
  end
  if job.dl then redis.call('ZREM', DEADLINES, job.id) end
  redis.call('RPUSH', UNRUNNABLE, job.id)
  count_live(job.app, -1)
end

-- Ends a lease; what becomes of the job is the caller's to say.
local function unlease(job)
  redis.call('ZREM', LEASES, job.id)
  if job.why then return end
  if redis.call('HINCRBY', RUNNING, job.app, -1) <= 0 then redis.call('HDEL', RUNNING, job.app) end
  touch(job.app)
end

-- Ends a lease and gives the job back to the queue: due then (in ms), or at once.
local function give_back(job, due_ms)
  unlease(job)
  redis.call('HDEL', job_key(job.id), 'token', 'worker')
  if job.why then
    redis.call('LPUSH', UNRUNNABLE, job.id)
  elseif job.cancel then
    to_unrunnable(job, 'cancelled')
  elseif due_ms then
    redis.call('ZADD', DELAYED, whole(due_ms), job.id)
  else
    to_waiting(job)
  end
end

-- Takes a lease back that nobody looks after any more. A worker that left in order is no loss.
local function take_back(job, is_loss)
  tally('reclaimed', 1)
  if job.why or job.cancel then return give_back(job) end
  local losses = job.losses + (is_loss and 1 or 0)
  local why
  if not job.idem then
    why = 'lost'
  elseif is_loss and losses >= POISON_LOSSES then
    why = 'poison:' .. losses
  elseif job.attempts >= ATTEMPTS_MAX then
    why = 'attempts'
  end
  if is_loss then redis.call('HSET', job_key(job.id), 'losses', losses) end
  if not why then return give_back(job) end
  unlease(job)
  redis.call('HDEL', job_key(job.id), 'token', 'worker')
  to_unrunnable(job, why)
end

-- Cancels a job: 'queued', 'running', or 'none' when there is nothing to cancel. With `ord`, only
-- one that came before that.
local function cancel_job(id, app, ord)
  local job = find_live(id, app)
  job = job and job_of(job)
  if not job or job.why or (ord and job.ord > ord) then return 'none' end
  if not job.cancel then tally('cancelled', 1) end
  if job.token then
    redis.call('HSET', job_key(job.id), 'cancel', 1)
    redis.call('SADD', CANCELS, job.id)
    return 'running'
  end
  withdraw(job)
  to_unrunnable(job, 'cancelled')
  return 'queued'
end
