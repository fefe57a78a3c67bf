-- extend: gives leases their full time again, those that are still the caller's.
--
-- KEYS, ARGV 1 and 2: see common.lua
-- ARGV  3 lease in ms, then per lease: id, token
-- Reply one number per lease: 1 extended, 0 no longer the caller's

local time = call('TIME')
local until_ms = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000) + tonumber(ARGV[3])
local reply = {}
call('DEL', PREFIX .. 'none') -- first a write that a full server takes, and then it takes the rest
for i = 4, #ARGV, 2 do
  local mine = owned(ARGV[i], ARGV[i + 1])
  if mine then call('ZADD', LEASES, 'XX', until_ms, ARGV[i]) end
  reply[#reply + 1] = mine and 1 or 0
end
return reply
