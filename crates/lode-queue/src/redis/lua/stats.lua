-- stats: the queue in numbers, as of one moment. A script and not MULTI, which a full server
-- refuses even for reads, just when somebody wants to look.
--
-- KEYS, ARGV 1 and 2: see common.lua
-- Reply {inbox, leased, dead, queued, settled, duplicates, reclaimed, undelivered}

local reply = { call('XLEN', IN), call('ZCARD', LEASES), call('XLEN', DEAD) }
local counters = { 'queued', 'settled', 'duplicates', 'reclaimed', 'undelivered' }
for i, value in ipairs(call('HMGET', META, unpack(counters))) do
  reply[3 + i] = tonumber(value or '0')
end
return reply
