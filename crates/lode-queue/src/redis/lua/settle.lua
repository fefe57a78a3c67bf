-- settle: ends a job; outcome, replies, result, keys, lease, counters and dead list in one step.
--
-- KEYS, ARGV 1 to 11: see base.lua
-- ARGV 12 id  13 token  14 outcome
--      15 '1' when there is a reply list  16 the reply list
--      17 '1' when the job goes to the dead list  18 the reason
--      19... when there is a task reply: hash, field, value, channel, message
-- Reply 1 settled, 2 settled but something could not be delivered and is in the dead list,
--       0 the lease is no longer the caller's and nothing was done

local id, outcome, reply_to = ARGV[12], ARGV[14], ARGV[16]
local f = redis.call('HMGET', job_key(id), 'token', 'app', 'job', 'why', 'cancel', 'dl', 'own',
  'dedupe', 'joined')
if f[1] ~= ARGV[13] then return 0 end
local text = f[3]
local job = { app = f[2], why = f[4], cancel = f[5], dl = f[6], own = f[7], dedupe = f[8],
  joined = f[9] }

-- The first write frees memory, so a full server takes all the rest.
redis.call('DEL', job_key(id))
redis.call('ZREM', LEASES, id)
if not job.why then
  count_live(job.app, -1)
  if redis.call('HINCRBY', RUNNING, job.app, -1) <= 0 then
    redis.call('HDEL', RUNNING, job.app)
  end
end
if job.cancel then redis.call('SREM', CANCELS, id) end
if job.dl then redis.call('ZREM', DEADLINES, id) end
if job.own and job.own ~= id then redis.call('HDEL', OWNS, pair(job.app, job.own)) end
if job.dedupe then redis.call('DEL', PREFIX .. 'dedupe:' .. pair(job.app, job.dedupe)) end
tally('settled', 1)

-- Those that were refused or joined to nothing have no outcome of their own.
local refused = job.why and (string.find(job.why, '^app_full:') or string.find(job.why, '^full:')
  or string.find(job.why, '^dup:'))
if job.own and not refused and tonumber(ARGV[10]) > 0 then
  redis.call('SET', result_key(job.app, job.own), outcome, 'PX', ARGV[10])
end

local reasons, missed = {}, 0
if ARGV[17] == '1' then reasons[1] = ARGV[18] end
local function missed_by(list, problem)
  if not problem then return end
  missed = missed + 1
  if missed <= REASONS_MAX then
    reasons[#reasons + 1] = 'outcome not delivered to ' .. string.sub(list, 1, REPLY_TO_BYTES_MAX)
      .. ': ' .. problem
  end
end
if ARGV[15] == '1' then missed_by(reply_to, push(reply_to, outcome)) end
if job.joined then
  local joined = PREFIX .. 'joined:' .. id
  for _, list in ipairs(redis.call('SMEMBERS', joined)) do
    -- Whoever enqueued the same again is answered once.
    if ARGV[15] ~= '1' or list ~= reply_to then missed_by(list, push(list, outcome)) end
  end
  redis.call('DEL', joined)
end
if ARGV[19] then missed_by('the task client', task_reply(unpack(ARGV, 19, 23))) end

local function bury()
  local fields = { 'id', id, 'app', job.app, 'job', text, 'reason', table.concat(reasons, '; '),
    'outcome', outcome, 'at', whole(now_ms()) }
  redis.call('XADD', DEAD, '*', unpack(fields))
  local bytes = redis.call('HINCRBY', ABOUT, 'dead_bytes', entry_bytes(fields))
  local count = redis.call('XLEN', DEAD)
  while count > 1 and (count > DEAD_MAX or bytes > DEAD_BYTES_MAX) do
    local oldest = redis.call('XRANGE', DEAD, '-', '+', 'COUNT', 1)[1]
    redis.call('XDEL', DEAD, oldest[1])
    bytes = redis.call('HINCRBY', ABOUT, 'dead_bytes', -entry_bytes(oldest[2]))
    count = count - 1
  end
end
if missed > 0 then tally('undelivered', 1) end
if #reasons > 0 then bury() end

flush()
-- An end of a job changes where its app stands only if that was at its cap.
if not job.why and redis.call('SISMEMBER', CAPPED, job.app) == 1 and place_one(job.app) then
  wake()
end
return missed > 0 and 2 or 1
