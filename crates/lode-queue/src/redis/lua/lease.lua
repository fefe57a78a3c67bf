-- lease: admits the inbox, reclaims expired leases, picks jobs fairly across apps.
--
-- KEYS, ARGV 1 and 2: see common.lua
-- ARGV  3 worker          4 jobs at most           5 token stem        6 lease in ms
--       7 attempts at most                         8 inbox entries at most
--       9 inbox bytes     10 expired leases at most                    11 bytes that are decoded
--      12 id bytes        13 app bytes             14 priority bound   15 capped apps to recheck
-- Reply {last wake id, ms until the next expiry or -1, then per job:
--        id, token, job text, attempts, microseconds queued, lost (0 no, 1 worker, 2 attempts)}

local WORKER, WANTED, STEM, LEASE_MS = ARGV[3], tonumber(ARGV[4]), ARGV[5], tonumber(ARGV[6])
local ATTEMPTS_MAX = tonumber(ARGV[7])
local DECODE_MAX, ID_MAX, APP_MAX = tonumber(ARGV[11]), tonumber(ARGV[12]), tonumber(ARGV[13])
local PRIORITY_MAX = tonumber(ARGV[14])
-- Scores sort by priority, then by sequence; 201 * 2^44 is still exact in a double.
local SEQ_SPAN = 2 ^ 44

local time = call('TIME')
local now_us = tonumber(time[1]) * 1000000 + tonumber(time[2])
local now_ms = math.floor(now_us / 1000)
local out, taken = {}, 0

-- True for well-formed UTF-8: an id travels to the worker and back, and must come back the same.
local function is_utf8(s)
  local i, n = 1, #s
  while i <= n do
    local a, b = string.byte(s, i, i + 1)
    local more, low, high = 0, 0x80, 0xBF
    if a >= 0x80 then
      if a >= 0xC2 and a <= 0xDF then more = 1
      elseif a >= 0xE0 and a <= 0xEF then more = 2
      elseif a >= 0xF0 and a <= 0xF4 then more = 3
      else return false end
      if a == 0xE0 then low = 0xA0 elseif a == 0xED then high = 0x9F end
      if a == 0xF0 then low = 0x90 elseif a == 0xF4 then high = 0x8F end
      if not b or b < low or b > high then return false end
      for k = i + 2, i + more do
        local c = string.byte(s, k)
        if not c or c < 0x80 or c > 0xBF then return false end
      end
    end
    i = i + 1 + more
  end
  return true
end

local function text(value, max)
  if type(value) == 'string' and #value >= 1 and #value <= max then return value end
  return nil
end

-- id, app, priority, idempotent of a job's text; whatever cannot be read gets its default.
local function read(job)
  if #job > DECODE_MAX then return nil, '', 0, '0' end
  local ok, t = pcall(cjson.decode, job)
  if not ok or type(t) ~= 'table' then return nil, '', 0, '0' end
  local id = text(t.id, ID_MAX)
  if id and not is_utf8(id) then id = nil end
  local priority = t.priority
  if type(priority) ~= 'number' or priority ~= priority then priority = 0 end
  priority = math.floor(math.max(-PRIORITY_MAX, math.min(PRIORITY_MAX, priority)))
  return id, text(t.app, APP_MAX) or '', priority, t.idempotent == true and '1' or '0'
end

-- When the entry came, in us. Its id knows the millisecond: the middle of it is taken.
local function entry_us(entry_id)
  local ms = tonumber(string.match(entry_id, '^(%d+)')) or now_ms
  return math.min(now_us, ms * 1000 + 500)
end

-- The id under which a job lives: its own, unless another app has a live job of that name, and
-- then one with the app behind it. nil when the app has that very job already.
local function own_id(id, app)
  local other = id .. '~' .. app
  for _, taken in ipairs({ id, other }) do
    if call('HGET', job_key(taken), 'app') == app then return nil end
  end
  if call('EXISTS', job_key(id)) == 0 then return id end
  return other
end

local function admit_entry(entry_id, job)
  local id, app, priority, idem = read(job)
  local seq = call('HINCRBY', META, 'seq', 1)
  if id then
    id = own_id(id, app)
    if not id then
      call('HINCRBY', META, 'duplicates', 1)
      return
    end
  else
    id = entry_id
  end
  -- A name that somebody else took by chance or by will: then one that nobody has.
  local wanted = id
  while call('EXISTS', job_key(id)) == 1 do
    id = wanted .. '~' .. seq
    seq = call('HINCRBY', META, 'seq', 1)
  end
  local score = (PRIORITY_MAX - priority) * SEQ_SPAN + seq
  call('HSET', job_key(id), 'job', job, 'app', app, 'score', string.format('%.0f', score),
    'idem', idem, 'at', string.format('%.0f', entry_us(entry_id)), 'attempts', 0)
  call('ZADD', app_key(app), string.format('%.0f', score), id)
  call('HINCRBY', META, 'queued', 1)
  place(app)
end

-- The value of the field `job`; empty when there is none, and the worker refuses that.
local function job_text(fields)
  for i = 1, #fields, 2 do
    if fields[i] == 'job' then return fields[i + 1] end
  end
  return ''
end

-- Takes entries in small steps, so that a few huge ones do not pile up in memory.
local function admit(entries_left, bytes_left)
  while entries_left > 0 and bytes_left > 0 do
    local entries = call('XRANGE', IN, '-', '+', 'COUNT', math.min(20, entries_left))
    if #entries == 0 then return end
    local ids = {}
    for i, entry in ipairs(entries) do
      local job = job_text(entry[2])
      admit_entry(entry[1], job)
      ids[i] = entry[1]
      bytes_left = bytes_left - #job
    end
    call('XDEL', IN, unpack(ids))
    entries_left = entries_left - #entries
  end
end

-- Hands one job to this worker.
local function hand(id, job, attempts, at, lost)
  taken = taken + 1
  local token = STEM .. '.' .. taken
  call('HSET', job_key(id), 'token', token, 'worker', WORKER, 'attempts', attempts)
  if lost ~= 0 then call('HSET', job_key(id), 'lost', lost) end
  call('ZADD', LEASES, now_ms + LEASE_MS, id)
  local queued_us = math.max(0, now_us - tonumber(at))
  for _, value in ipairs({ id, token, job, attempts, queued_us, lost }) do
    out[#out + 1] = value
  end
end

-- Expired leases: an idempotent job waits again, any other goes to this worker to be settled.
local function reclaim(limit)
  local expired = call('ZRANGEBYSCORE', LEASES, '-inf', now_ms, 'LIMIT', 0, limit)
  for _, id in ipairs(expired) do
    local f = call('HMGET', job_key(id), 'app', 'score', 'idem', 'attempts', 'lost', 'job', 'at')
    local app, attempts, lost = f[1], tonumber(f[4] or '0'), tonumber(f[5] or '0')
    if not app then
      call('ZREM', LEASES, id) -- the job was deleted by hand or evicted
    elseif lost == 0 and f[3] == '1' and attempts < ATTEMPTS_MAX then
      unlease(id, app)
      requeue(id, app, f[2])
      place(app)
      call('HINCRBY', META, 'reclaimed', 1)
    elseif taken < WANTED then
      if lost == 0 then lost = f[3] == '1' and 2 or 1 end
      call('HINCRBY', META, 'reclaimed', 1)
      hand(id, f[6], attempts, f[7], lost)
    end
  end
end

-- Leases the first job of one eligible app.
local function pick_from(app)
  local id = call('ZPOPMIN', app_key(app))[1]
  if not id then return end
  call('HINCRBY', META, 'queued', -1)
  local f = call('HMGET', job_key(id), 'job', 'attempts', 'at', 'lost')
  if not f[1] then return end -- deleted by hand or evicted
  local attempts, lost = tonumber(f[2]), tonumber(f[4] or '0')
  if lost == 0 then
    attempts = attempts + 1
    if attempts > ATTEMPTS_MAX then lost = 2 end
  end
  call('HINCRBY', RUNNING, app, 1)
  hand(id, f[1], attempts, f[3], lost)
end

-- Start-time fair queueing: the app of the smallest tag is next, and each job costs it 1.
local function pick()
  -- Every turn takes a job or takes an app out; the bound is for apps out by a lowered cap.
  for _ = 1, WANTED + 100 do
    if taken >= WANTED then return end
    local top = call('ZRANGE', ACTIVE, 0, 0, 'WITHSCORES')
    local app, tag = top[1], tonumber(top[2])
    if not app then return end
    if not at_cap(app) then
      V = math.max(V, tag)
      pick_from(app)
      call('ZADD', ACTIVE, tag + 1, app)
    end
    place(app)
  end
end

-- A default cap that changed between two workers leaves apps marked as capped: look at a few.
local function heal(limit)
  for _, app in ipairs(call('SRANDMEMBER', CAPPED, limit)) do place(app) end
end

-- A first write that needs no memory: a full server then lets the rest of the script pass, and
-- workers go on draining it.
call('DEL', PREFIX .. 'none')
admit(tonumber(ARGV[8]), tonumber(ARGV[9]))
reclaim(tonumber(ARGV[10]))
pick()
if taken < WANTED then
  heal(tonumber(ARGV[15]))
  pick()
end
call('HSET', META, 'v', string.format('%.0f', V))
-- Whoever is not ahead of the queue's time starts at it anyway.
call('ZREMRANGEBYSCORE', VT, '-inf', V)

-- The id before our own wake: if jobs are left, this worker's next wait returns at once, too.
local last = call('XREVRANGE', WAKE, '+', '-', 'COUNT', 1)[1]
if call('EXISTS', ACTIVE) == 1 then wake() end
local soonest = call('ZRANGE', LEASES, 0, 0, 'WITHSCORES')[2]
local reply = {
  last and last[1] or '0-0',
  soonest and math.max(0, tonumber(soonest) - now_ms) or -1,
}
for i, value in ipairs(out) do reply[i + 2] = value end
return reply
