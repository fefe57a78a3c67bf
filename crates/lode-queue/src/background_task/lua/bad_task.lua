-- bad_task: what the package's worker does in reportBadTask, in one step.
--
-- KEYS  1 blacklist:<key>:count            string  bad tasks within the window
--       2 blacklist:globalBlacklist:<key>  string  why the key is banned, while it is
--       3 blacklist:logs:<key>             list    what was held against it
-- ARGV  1 bad tasks that are forgiven  2 window in ms  3 time of the ban in ms  4 the reason
--       5 the line for the log, '' for none  6 lines of the log at most
-- Reply 1 the key is banned now, 0 it is not. A ban that stands is not prolonged.

local call = redis.call
local count = call('INCR', KEYS[1])
if call('PTTL', KEYS[1]) < 0 then call('PEXPIRE', KEYS[1], ARGV[2]) end
if count <= tonumber(ARGV[1]) then return 0 end
call('SET', KEYS[2], ARGV[4], 'PX', ARGV[3], 'NX')
if ARGV[5] ~= '' then
  call('RPUSH', KEYS[3], ARGV[5])
  call('LTRIM', KEYS[3], -tonumber(ARGV[6]), -1)
end
return 1
