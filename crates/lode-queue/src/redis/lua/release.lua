-- release: hands back jobs that were not started; the attempt is not counted.
--
-- KEYS, ARGV 1 and 2: see common.lua
-- ARGV  from 3, per lease: id, token
-- Reply how many leases were still the caller's

local count, eligible = 0, false
for i = 3, #ARGV, 2 do
  local id = ARGV[i]
  local app, score, lost = owned(id, ARGV[i + 1])
  if app then
    unlease(id, app)
    -- A lost job was not counted when it was handed out.
    if not lost then call('HINCRBY', job_key(id), 'attempts', -1) end
    requeue(id, app, score)
    eligible = place(app) or eligible
    count = count + 1
  end
end
if eligible then wake() end
return count
