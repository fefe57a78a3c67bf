-- quotas: replaces the quotas of all apps, unless they are these already.
--
-- KEYS, ARGV 1 to 11: see base.lua
-- ARGV 12 their digest  13 '1' when they follow  14..., per app: app, quota as JSON (see args.rs)
-- Reply 1 done, 0 they are others: call again with them

-- Workers set them again and again: a list of thousands is not even sent for that.
if redis.call('HGET', ABOUT, 'quotas') == ARGV[12] then return 1 end
if ARGV[13] ~= '1' then return 0 end
drain()
local gone, before = {}, redis.call('HGETALL', LIMITS)
for i = 1, #before, 2 do gone[before[i]] = before[i + 1] end
for i = 14, #ARGV, 2 do
  local app, quota = ARGV[i], ARGV[i + 1]
  if gone[app] ~= quota then
    redis.call('HSET', LIMITS, app, quota)
    touch(app)
  end
  gone[app] = nil
end
for app in pairs(gone) do
  redis.call('HDEL', LIMITS, app)
  touch(app)
end
for app in pairs(touched) do redis.call('ZREM', THROTTLED, app) end
place_touched()
redis.call('HSET', ABOUT, 'quotas', ARGV[12])
if eligible then wake() end
return 1
