-- Where an app stands among the others: its jobs waiting, its cap, its rates, its virtual time.

local DEFAULT_CAP = tonumber(ARGV[2])
local at_first = redis.call('HMGET', ABOUT, 'v', 'far')
-- The virtual time: the start tag of the app picked last.
local V = tonumber(at_first[1] or '0')
-- Set while the inbox has had an entry from the future; see admit.lua.
local far = at_first[2]

local function app_key(app) return PREFIX .. 'app:' .. app end
local function lanes_key(app) return PREFIX .. 'lanes:' .. app end
local function lane_key(app, hook) return PREFIX .. 'lane:' .. pair(app, hook) end

-- What is kept by app is asked for once per script, and not for each job.
local known, NONE = {}, {}
local function limits_of(app)
  local limits = known[app]
  if limits then return limits end
  -- The nameless app has no limits: its jobs are broken and only wait to be told so.
  local packed = app ~= '' and redis.call('HGET', LIMITS, app)
  limits = packed and cjson.decode(packed) or NONE
  known[app] = limits
  return limits
end

local some_paused
local function is_paused(app)
  if some_paused == nil then some_paused = redis.call('EXISTS', PAUSED) == 1 end
  return some_paused and redis.call('SISMEMBER', PAUSED, app) == 1
end

-- The hooks of an app that have jobs in lanes of their own.
local some_laned
local function lanes_of(app)
  if some_laned == nil then some_laned = redis.call('EXISTS', LANED) == 1 end
  if not some_laned or redis.call('SISMEMBER', LANED, app) == 0 then return NONE end
  return redis.call('SMEMBERS', lanes_key(app))
end

-- True when the app may not lease another job.
local function at_cap(app)
  if app == '' then return false end
  local cap = limits_of(app).cap or DEFAULT_CAP
  return cap >= 0 and tonumber(redis.call('HGET', RUNNING, app) or '0') >= cap
end

-- A rate is {interval, slack} in us. When it lets the next job start, in us; 0: now.
local function opens_at(rate, app, hook)
  if not rate then return 0 end
  local tat = redis.call('ZSCORE', TATS, pair(app, hook))
  local at = tat and tonumber(tat) - rate[2] or 0
  return at > now_us() and at or 0
end

local function consume(rate, app, hook)
  if not rate then return end
  local tat = tonumber(redis.call('ZSCORE', TATS, pair(app, hook)) or '0')
  redis.call('ZADD', TATS, whole(math.max(now_us(), tat) + rate[1]), pair(app, hook))
end

-- A start that was none.
local function unconsume(rate, app, hook)
  local tat = rate and redis.call('ZSCORE', TATS, pair(app, hook))
  if not tat then return end
  local before = tonumber(tat) - rate[1]
  if before > now_us() then
    redis.call('ZADD', TATS, whole(before), pair(app, hook))
  else
    redis.call('ZREM', TATS, pair(app, hook)) -- as if it had never been used
  end
end

-- When the app may start a job by its jobs and rates, in us; 0: now; nil: it has no job waiting.
local function opening(app)
  local limits = limits_of(app)
  local at = redis.call('EXISTS', app_key(app)) == 1 and 0 or nil
  if at ~= 0 then
    for _, hook in ipairs(lanes_of(app)) do
      local lane = opens_at(limits.hooks and limits.hooks[hook], app, hook)
      if not at or lane < at then at = lane end
    end
  end
  return at and math.max(at, opens_at(limits.rate, app, ''))
end

-- Takes an app out of the running; it keeps its virtual time only while that is ahead.
local function deactivate(app)
  local tag = redis.call('ZSCORE', ACTIVE, app)
  if not tag then return end
  redis.call('ZREM', ACTIVE, app)
  if tonumber(tag) > V then redis.call('ZADD', VT, tag, app) end
end

-- Marks an app as at its cap, or not any more.
local some_capped
local function mark_capped(app, capped)
  if some_capped == nil then some_capped = redis.call('EXISTS', CAPPED) == 1 end
  if capped then
    redis.call('SADD', CAPPED, app)
    some_capped = true
  elseif some_capped then
    redis.call('SREM', CAPPED, app)
  end
end

-- Puts an app where it belongs after any change to it. True when it became eligible.
local function place(app)
  local at = opening(app)
  local capped = at and at_cap(app)
  -- Only an app with limits can stand here; set_quotas looks after those that had some.
  if limits_of(app) ~= NONE then redis.call('ZREM', THROTTLED, app) end
  mark_capped(app, capped)
  if not at or capped or at > 0 or is_paused(app) then
    if at and at > 0 and not capped then redis.call('ZADD', THROTTLED, whole(at), app) end
    deactivate(app)
    return false
  end
  if redis.call('ZSCORE', ACTIVE, app) then return false end
  local tag = redis.call('ZSCORE', VT, app)
  if tag then redis.call('ZREM', VT, app) end
  redis.call('ZADD', ACTIVE, whole(math.max(tonumber(tag or '0'), V)), app)
  return true
end

-- Apps that this script has changed; `place_touched` puts each where it belongs, once.
local touched = {}
local eligible = false
local function touch(app) touched[app] = true end
local function place_touched()
  for app in pairs(touched) do eligible = place(app) or eligible end
  touched = {}
end
