-- fire: answers one tick, once: the job goes into the inbox and the next tick is set. A full server
-- refuses the first write, and the tick is fired when there is room.
--
-- KEYS, ARGV 1 to 11: see base.lua
-- ARGV 12 schedule  13 tick in ms  14 next tick in ms or ''  15 the job's text
-- Reply 1 fired, 0 that is not the schedule's next tick

local tick = redis.call('ZSCORE', TICKS, ARGV[12])
if not tick or tonumber(tick) ~= tonumber(ARGV[13]) then return 0 end
redis.call('XADD', IN, '*', 'job', ARGV[15])
if ARGV[14] == '' then
  redis.call('ZREM', TICKS, ARGV[12])
else
  redis.call('ZADD', TICKS, ARGV[14], ARGV[12])
end
return 1
