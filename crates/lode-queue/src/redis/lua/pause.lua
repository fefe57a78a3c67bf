-- pause: stops and resumes one app or the queue.
--
-- KEYS, ARGV 1 to 11: see base.lua
-- ARGV 12 'pause' or 'resume'  13 '1' when an app is named  14 the app
-- Reply 1 done, 0 it was so already

local on = ARGV[12] == 'pause'
local changed
drain()
if ARGV[13] == '1' then
  changed = redis.call(on and 'SADD' or 'SREM', PAUSED, ARGV[14])
  place(ARGV[14])
elseif on then
  changed = redis.call('HSETNX', ABOUT, 'paused', 1)
else
  changed = redis.call('HDEL', ABOUT, 'paused')
end
if not on and changed == 1 then wake() end
return changed
