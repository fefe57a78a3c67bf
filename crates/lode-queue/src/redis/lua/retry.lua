-- retry: hands back one job after a platform failure; the attempt is counted.
--
-- KEYS, ARGV 1 and 2: see common.lua
-- ARGV  3 id  4 token
-- Reply 1 queued again, 0 the lease is no longer the caller's

local id = ARGV[3]
local app, score = owned(id, ARGV[4])
if not app then return 0 end
unlease(id, app)
requeue(id, app, score)
if place(app) then wake() end
return 1
