-- cancel: cancels a live job, one that was just enqueued as well.
--
-- KEYS, ARGV 1 to 11: see base.lua
-- ARGV 12 id  13 '1' when the app is named  14 the app
-- Reply {'queued', 'running' or 'none', 1 when it may still be in the inbox: call again}

local refused = keep_layout(redis.call('HGET', ABOUT, 'layout'))
if refused then return refused end
drain()
APP_QUEUE_MAX, QUEUE_MAX = bounds_of_workers()
local app = ARGV[13] == '1' and ARGV[14] or nil
local what, admitted = cancel_job(ARGV[12], app), 0
if what == 'none' then
  admitted = admit(ADMIT_MAX, ADMIT_LONG_MAX)
  what = cancel_job(ARGV[12], app)
end
place_touched()
flush()
if eligible or redis.call('EXISTS', UNRUNNABLE) == 1 then wake() end
local more = what == 'none' and admitted > 0 and redis.call('XLEN', IN) > 0
return { what, more and 1 or 0 }
