-- extend: gives leases their full time again, those that are still the caller's.
--
-- KEYS, ARGV 1 to 11: see base.lua
-- ARGV 12..., per lease: id, token
-- Reply one number per lease: 1 extended, 0 no longer the caller's

local until_ms = whole(now_ms() + tonumber(ARGV[4]))
local reply = {}
drain()
for i = 12, #ARGV, 2 do
  local mine = redis.call('HGET', job_key(ARGV[i]), 'token') == ARGV[i + 1]
  if mine then redis.call('ZADD', LEASES, 'XX', until_ms, ARGV[i]) end
  reply[#reply + 1] = mine and 1 or 0
end
return reply
