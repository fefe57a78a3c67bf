-- stats: the queue in numbers, as of one moment. A script and not MULTI, which a full server
-- refuses even for reads, just when somebody wants to look.
--
-- KEYS, ARGV 1 to 11: see base.lua
-- Reply {inbox, leased, dead, delayed, workers, then the counters in the order below}

local reply = { redis.call('XLEN', IN), redis.call('ZCARD', LEASES), redis.call('XLEN', DEAD),
  redis.call('ZCARD', DELAYED),
  redis.call('ZCOUNT', WORKERS, '(' .. whole(now_ms() - tonumber(ARGV[7])), '+inf') }
local counters = { 'queued', 'settled', 'duplicates', 'reclaimed', 'undelivered', 'refused',
  'cancelled', 'expired', 'paused' }
for i, value in ipairs(redis.call('HMGET', ABOUT, unpack(counters))) do
  reply[5 + i] = tonumber(value or '0')
end
return reply
