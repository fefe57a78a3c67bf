-- set_caps: replaces all caps of single apps.
--
-- KEYS, ARGV 1 and 2: see common.lua
-- ARGV  from 3, per app: app, cap
-- Reply 1

local touched = {}
for _, app in ipairs(call('HKEYS', CAPS)) do touched[app] = true end
call('DEL', CAPS)
for i = 3, #ARGV, 2 do
  call('HSET', CAPS, ARGV[i], ARGV[i + 1])
  touched[ARGV[i]] = true
end
local eligible = false
for app in pairs(touched) do eligible = place(app) or eligible end
if eligible then wake() end
return 1
