-- What time brings: jobs that are due, jobs that are too late, leases nobody looks after.

local WORKER_TIMEOUT = tonumber(ARGV[7])
local noted = redis.call('HMGET', ABOUT, 'seen', 'grace', 'guard', 'since', 'up', 'paused', 'layout')
local seen = tonumber(noted[1] or nil)
local grace, guard = tonumber(noted[2] or '0'), tonumber(noted[3] or '0')
local queue_paused = noted[6] == '1'

-- After the server's clock was set back, nobody was seen later than now, and each lease has as much
-- time left as when the queue was seen last.
local function turn_back(now)
  for _, handle in ipairs(redis.call('ZRANGEBYSCORE', WORKERS, '(' .. whole(now), '+inf')) do
    redis.call('ZADD', WORKERS, whole(now), handle)
  end
  local leases = redis.call('ZRANGEBYSCORE', LEASES, '(' .. whole(now), '+inf', 'WITHSCORES')
  for i = 1, #leases, 2 do
    local until_ms = tonumber(leases[i + 1])
    -- One that was over by then, or that was given since the clock was set.
    local left = until_ms > seen and until_ms - seen or tonumber(ARGV[4])
    redis.call('ZADD', LEASES, whole(math.min(until_ms, now + left)), leases[i])
  end
end

-- When nobody was seen for a while, then the queue itself was out of reach, and whoever looks in
-- first must not take the leases of all the others: nothing is taken back for a time of grace. Each
-- further silence begins it anew, for a server that comes and goes. But a worker that is alone and
-- looks in seldom makes silences, too, and so does one that is started again and again: so what
-- gave no sign since `since`, when the first of them ended, is guarded only until the queue was
-- looked after for as long as a grace is. A silence counts as a third of that.
local function observe()
  local now = now_ms()
  local is_set_back = seen and seen > now + 1000
  if is_set_back then
    turn_back(now)
    grace = 0
  end
  local passed = math.max(0, now - (seen or now))
  if is_set_back or passed > math.max(WORKER_TIMEOUT / 2, GAP_MIN_MS) then
    local length = math.min(math.max(WORKER_TIMEOUT, tonumber(ARGV[4])), GRACE_MAX_MS)
    local since, up = tonumber(noted[4] or '0'), tonumber(noted[5] or '0')
    up = up + math.min(passed, math.ceil(length / 3))
    if grace == 0 then
      guard, since, up = 0, now, 0
    elseif up >= length then
      guard, since, up = since, now, 0
    end
    grace = now + length
    redis.call('HSET', ABOUT, 'grace', whole(grace), 'guard', whole(guard), 'since', whole(since),
      'up', whole(up))
  elseif grace > now then
    redis.call('HINCRBY', ABOUT, 'up', whole(passed))
  elseif grace > 0 then
    redis.call('HDEL', ABOUT, 'grace', 'guard', 'since', 'up')
  end
end

-- What gave its last sign by then may be taken back: before `now`, but for a time of grace.
local function lost_by(now)
  return grace > now_ms() and guard - 1 or now
end

-- Up to `limit` members of a zset whose score, a time, has come. Whether there may be more of any
-- is kept for `tend`.
local some_left = false
local function due(key, now, limit)
  local found = redis.call('ZRANGEBYSCORE', key, '-inf', whole(now), 'LIMIT', 0, limit)
  some_left = some_left or #found >= limit
  return found
end

-- Jobs that did not start in time are answered without a place of their app's cap.
local function expire()
  for _, id in ipairs(due(DEADLINES, now_ms(), RECLAIM_MAX)) do
    local job = job_of(id)
    if job and not job.token and not job.why then
      withdraw(job)
      to_unrunnable(job, 'expired')
      tally('expired', 1)
    else
      redis.call('ZREM', DEADLINES, id)
    end
  end
end

local function promote()
  for _, id in ipairs(due(DELAYED, now_ms(), PROMOTE_MAX)) do
    redis.call('ZREM', DELAYED, id)
    local job = job_of(id)
    if job then to_waiting(job) end
  end
end

-- Apps whose rate lets them start again.
local function unthrottle()
  for _, app in ipairs(due(THROTTLED, now_us(), PROMOTE_MAX)) do
    redis.call('ZREM', THROTTLED, app)
    touch(app)
  end
end

-- Expired leases: for workers that never tend, and for those that forget a job.
local function reclaim()
  for _, id in ipairs(due(LEASES, lost_by(now_ms()), RECLAIM_MAX)) do
    local job = job_of(id)
    if job then
      take_back(job, true)
    else
      redis.call('ZREM', LEASES, id) -- the job was deleted by hand or evicted
    end
  end
end

local function sweep()
  expire()
  promote()
  unthrottle()
  reclaim()
end

-- Takes back what these handles hold. The walk is bounded by what all workers run. False when
-- there was more than one script may do.
local function take_back_all(gone, is_loss)
  local taken = 0
  for _, id in ipairs(redis.call('ZRANGE', LEASES, 0, -1)) do
    local token = redis.call('HGET', job_key(id), 'token')
    if token and gone[string.sub(token, 1, #ARGV[3])] then
      if taken >= LOST_MAX then return false end
      local job = job_of(id)
      if job then take_back(job, is_loss) end
      taken = taken + 1
    end
  end
  return true
end

-- Milliseconds until time brings something; -1: nothing is in sight.
local function next_in_ms()
  local soonest
  local function at(key, unit, from)
    local score = tonumber(redis.call('ZRANGE', key, 0, 0, 'WITHSCORES')[2] or nil)
    if not score then return end
    score = math.max(math.ceil(score / unit), from)
    if not soonest or score < soonest then soonest = score end
  end
  at(LEASES, 1, grace)
  at(DELAYED, 1, 0)
  at(DEADLINES, 1, 0)
  at(THROTTLED, 1000, 0)
  return soonest and math.max(0, soonest - now_ms()) or -1
end
