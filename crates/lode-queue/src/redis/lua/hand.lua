-- Handing jobs to the worker that calls.

local LEASE_MS = tonumber(ARGV[4])

-- What was handed out, per job: id, token, text, attempts, us since it came, why it must not run.
local out, handed = {}, 0

local function hand(id, text, attempts, at, why, worker, stem)
  handed = handed + 1
  local token = stem .. '.' .. handed
  redis.call('HSET', job_key(id), 'token', token, 'worker', worker, 'attempts', attempts)
  redis.call('ZADD', LEASES, whole(now_ms() + LEASE_MS), id)
  local queued_us = math.max(0, now_us() - tonumber(at))
  for _, value in ipairs({ id, token, text, attempts, queued_us, why }) do out[#out + 1] = value end
end

-- Jobs that wait only to be settled: they hold no place of any cap.
local function hand_unrunnable(worker, stem)
  local bytes = 0
  for _ = 1, UNRUNNABLE_MAX do
    if bytes > ADMIT_BYTES_MAX then return end
    local id = redis.call('LPOP', UNRUNNABLE)
    if not id then return end
    local f = redis.call('HMGET', job_key(id), 'job', 'attempts', 'at', 'why')
    if f[1] then
      hand(id, f[1], tonumber(f[2] or '0'), f[3], f[4] or 'lost', worker, stem)
      bytes = bytes + #f[1]
    end
  end
end
