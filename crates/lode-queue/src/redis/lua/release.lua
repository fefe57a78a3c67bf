-- release: hands back jobs that were not started; the attempt is not counted, nor by a rate.
--
-- KEYS, ARGV 1 to 11: see base.lua
-- ARGV 12..., per lease: id, token
-- Reply how many leases were still the caller's

local count = 0
drain()
for i = 12, #ARGV, 2 do
  local job = owned(ARGV[i], ARGV[i + 1])
  if job then
    -- One that must not run was not counted when it was handed out.
    if not job.why then
      local attempts = redis.call('HINCRBY', job_key(job.id), 'attempts', -1)
      -- Never started, so its deadline counts again.
      if attempts == 0 and job.dl then redis.call('ZADD', DEADLINES, job.dl, job.id) end
      local limits = limits_of(job.app)
      unconsume(limits.rate, job.app, '')
      unconsume(job.hook ~= '' and limits.hooks and limits.hooks[job.hook], job.app, job.hook)
    end
    give_back(job)
    count = count + 1
  end
end
place_touched()
flush()
if eligible or redis.call('EXISTS', UNRUNNABLE) == 1 then wake() end
return count
