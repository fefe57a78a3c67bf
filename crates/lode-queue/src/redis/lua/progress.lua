-- progress: notes what a leased job says of itself, and tells those who asked for it.
--
-- KEYS, ARGV 1 to 11: see base.lua
-- ARGV 12 id  13 token  14 value  15 '1' when there is a list  16 the list  17 what goes there
--      18... when there is a task reply: hash, field, value, channel, message
-- Reply 1 noted, 2 noted but not delivered, 0 the lease is no longer the caller's

if redis.call('HGET', job_key(ARGV[12]), 'token') ~= ARGV[13] then return 0 end
drain()
redis.call('HSET', job_key(ARGV[12]), 'progress', ARGV[14])
local problem
if ARGV[15] == '1' then problem = push(ARGV[16], ARGV[17]) end
if ARGV[18] then problem = task_reply(unpack(ARGV, 18, 22)) or problem end
return problem and 2 or 1
