-- retry: hands back one job after a platform failure; the attempt is counted.
--
-- KEYS, ARGV 1 to 11: see base.lua
-- ARGV 12 id  13 token  14 delay in ms
-- Reply 1 waits again, 0 the lease is no longer the caller's

local job = owned(ARGV[12], ARGV[13])
if not job then return 0 end
local delay_ms = tonumber(ARGV[14])
drain()
give_back(job, delay_ms > 0 and now_ms() + delay_ms or nil)
place_touched()
flush()
-- A delay as well, for those that wait: they do not know of its end.
wake()
return 1
