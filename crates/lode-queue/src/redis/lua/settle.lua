-- settle: ends a job; outcome, reply, lease, counters and dead list in one step.
--
-- KEYS, ARGV 1 and 2: see common.lua
-- ARGV  3 id  4 token  5 outcome
--       6 '1' when there is a reply list  7 the reply list  8 its time to live in ms
--       9 why the reply list may not be used, '' when it may
--      10 '1' when the job goes to the dead list  11 the reason
--      12 dead entries at most  13 dead bytes at most
-- Reply 1 settled, 2 settled but the outcome went to the dead list instead of the reply list,
--       0 the lease is no longer the caller's and nothing was done
--
-- The reply list is no KEY: a Redis Cluster would then refuse the whole script for a list of
-- another slot, and a producer's mistake would keep its job from ever being settled.

local id, outcome, reply_to = ARGV[3], ARGV[5], ARGV[7]
local app = owned(id, ARGV[4])
if not app then return 0 end

-- What a protected call failed with; nil when it went well.
local function failure(result)
  return type(result) == 'table' and result.err or nil
end

local problem = ARGV[9] ~= '' and ARGV[9] or nil
local deliver = ARGV[6] == '1' and not problem
if deliver then
  local kind = redis.pcall('TYPE', reply_to)
  problem = failure(kind)
  if not problem and kind.ok ~= 'list' and kind.ok ~= 'none' then
    problem = 'reply_to holds a ' .. kind.ok .. ', not a list'
  end
end

-- From here on everything is written. The first write frees memory, so a full server takes all.
local job = call('HGET', job_key(id), 'job')
call('DEL', job_key(id))
unlease(id, app)
if place(app) then wake() end
call('HINCRBY', META, 'settled', 1)
if deliver and not problem then
  local length = redis.pcall('RPUSH', reply_to, outcome)
  problem = failure(length)
  -- A list that stood there before is somebody's own: only the queue's reply lists and lists that
  -- this push has made get a time to live.
  local ours = string.sub(reply_to, 1, #PREFIX + 6) == PREFIX .. 'reply:'
  if not problem and (ours or length == 1) then redis.pcall('PEXPIRE', reply_to, ARGV[8]) end
end

local reasons = {}
if ARGV[10] == '1' then reasons[#reasons + 1] = ARGV[11] end
if problem then
  call('HINCRBY', META, 'undelivered', 1)
  reasons[#reasons + 1] = 'outcome not delivered to ' .. string.sub(reply_to, 1, 512) .. ': '
    .. problem
end

local function entry_bytes(fields)
  local bytes = 0
  for i = 2, #fields, 2 do bytes = bytes + #fields[i] end
  return bytes
end

local function bury(reason)
  local time = call('TIME')
  local at_ms = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
  local fields = { 'id', id, 'job', job, 'reason', reason, 'outcome', outcome,
    'at', string.format('%.0f', at_ms) }
  call('XADD', DEAD, '*', unpack(fields))
  local bytes = call('HINCRBY', META, 'dead_bytes', entry_bytes(fields))
  local count = call('XLEN', DEAD)
  while count > 1 and (count > tonumber(ARGV[12]) or bytes > tonumber(ARGV[13])) do
    local oldest = call('XRANGE', DEAD, '-', '+', 'COUNT', 1)[1]
    call('XDEL', DEAD, oldest[1])
    bytes = call('HINCRBY', META, 'dead_bytes', -entry_bytes(oldest[2]))
    count = count - 1
  end
end

if #reasons > 0 then bury(table.concat(reasons, '; ')) end
return problem and 2 or 1
