-- leave: a worker ends in order. What it still holds is taken back, and that is no loss.
--
-- KEYS, ARGV 1 to 11: see base.lua
-- Reply 1 done, 0 call again: there was more than one script may do

drain()
local done = take_back_all({ [ARGV[3]] = true }, false)
if done then
  redis.call('ZREM', WORKERS, ARGV[3])
  redis.call('HDEL', NAMES, ARGV[3])
end
place_touched()
flush()
if eligible or redis.call('EXISTS', UNRUNNABLE) == 1 then wake() end
return done and 1 or 0
