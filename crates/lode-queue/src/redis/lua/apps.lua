-- apps: single apps in numbers.
--
-- KEYS, ARGV 1 to 11: see base.lua
-- ARGV 12 apps at most: those with the most live jobs  13 instead, one app
-- Reply per app: app, live, queued, leased, paused, throttled, ban's ms left or -1, ban's reason

local apps = ARGV[13] and { ARGV[13] } or redis.call('ZREVRANGE', LIVE, 0, tonumber(ARGV[12]) - 1)
local reply = {}
for _, app in ipairs(apps) do
  local queued = redis.call('ZCARD', app_key(app))
  for _, hook in ipairs(lanes_of(app)) do
    queued = queued + redis.call('ZCARD', lane_key(app, hook))
  end
  local limits = limits_of(app)
  local throttled = opens_at(limits.rate, app, '') > 0 or (opening(app) or 0) > 0
  local ban = tonumber(redis.call('ZSCORE', BANS, app) or '0') - now_ms()
  local values = { app, tonumber(redis.call('ZSCORE', LIVE, app) or '0'), queued,
    tonumber(redis.call('HGET', RUNNING, app) or '0'), is_paused(app) and 1 or 0,
    throttled and 1 or 0,
    ban > 0 and ban or -1, ban > 0 and redis.call('HGET', REASONS, app) or '' }
  for _, value in ipairs(values) do reply[#reply + 1] = value end
end
return reply
