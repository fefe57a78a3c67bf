-- schedules: makes these the queue's schedules.
--
-- KEYS, ARGV 1 to 11: see base.lua
-- ARGV 12..., per schedule: id, text, first tick in ms or ''
-- Reply 1

local before = redis.call('HGETALL', SCHEDULES)
local gone = {}
for i = 1, #before, 2 do gone[before[i]] = before[i + 1] end
drain()
for i = 12, #ARGV, 3 do
  local id, text, first = ARGV[i], ARGV[i + 1], ARGV[i + 2]
  -- One that stayed as it was keeps its next tick, also when it has none left.
  if gone[id] ~= text then
    redis.call('HSET', SCHEDULES, id, text)
    if first == '' then redis.call('ZREM', TICKS, id) else redis.call('ZADD', TICKS, first, id) end
  end
  gone[id] = nil
end
for id in pairs(gone) do
  redis.call('HDEL', SCHEDULES, id)
  redis.call('ZREM', TICKS, id)
end
return 1
