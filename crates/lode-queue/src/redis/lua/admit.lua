-- From the inbox into the queue: duplicates, bounds, delays; and cancellations sent as entries.

local APP_QUEUE_MAX, QUEUE_MAX = tonumber(ARGV[8]), tonumber(ARGV[9])

-- Whether an entry's id is from the future. Ids are a producer's to choose, and after the largest
-- of all the inbox takes no more: see `renew_inbox`.
local function is_far(entry_id)
  return tonumber(string.match(entry_id, '^%d+')) > now_ms() + AHEAD_MS_MAX
end

-- Where an entry stands among all that ever came, and when it came, in us. The first sorts as the
-- ids do, which are two numbers: a longer number is a larger one. An id knows the millisecond: the
-- middle of it is taken. One from the future came now: a job before all that are still to come, and
-- a cancellation after all that are there.
local function origin(entry_id, is_cancel)
  local ms, seq = string.match(entry_id, '^(%d+)-(%d+)$')
  if is_far(ms) then ms = whole(now_ms() - (is_cancel and 0 or 1)) end
  return string.char(64 + #ms) .. ms .. string.char(64 + #seq) .. seq,
    math.min(now_us(), tonumber(ms) * 1000 + 500)
end

-- How many jobs live, with those that this script has made; asked for once.
local live_before, lives_before = nil, {}
local function bound_reached(app)
  if app ~= '' then
    local max = limits_of(app).max or APP_QUEUE_MAX
    if max >= 0 then
      lives_before[app] = lives_before[app] or tonumber(redis.call('ZSCORE', LIVE, app) or '0')
      if lives_before[app] + (lives[app] or 0) >= max then return 'app_full:' .. max end
    end
  end
  if QUEUE_MAX < 0 then return nil end
  live_before = live_before or tonumber(redis.call('HGET', ABOUT, 'live') or '0')
  if live_before + (tallies.live or 0) >= QUEUE_MAX then return 'full:' .. QUEUE_MAX end
  return nil
end

-- A name that nobody has: somebody took the wanted one by chance or by will.
local function free_id(wanted)
  local id = wanted
  while redis.call('EXISTS', job_key(id)) == 1 do
    id = wanted .. '~' .. redis.call('HINCRBY', ABOUT, 'seq', 1)
  end
  return id
end

local function kept_result(app, own) return redis.call('GET', result_key(app, own)) or nil end

local function dedupe_key(job) return PREFIX .. 'dedupe:' .. pair(job.app, job.dedupe) end

-- The job that this one is a second one of: its id, the one that it named (own), whether it lives,
-- and its outcome when that is kept. Else nil, and whether the id that this job names is taken.
local function first_of(job)
  local taken
  if job.id then
    local id
    id, taken = live_of(job.app, job.id)
    if id then return { id = id, own = job.id, live = true } end
    local kept = kept_result(job.app, job.id)
    if kept then return { id = job.id, own = job.id, kept = kept } end
  end
  if job.dedupe then
    local id, own = unpack(redis.call('HMGET', dedupe_key(job), 'id', 'own'))
    if id then
      if is_known(id, job.app, own or id) then return { id = id, own = own, live = true } end
      return { id = id, own = own, kept = own and kept_result(job.app, own) or nil }
    end
  end
  return nil, taken
end

local function reply_to_of(id) return read(redis.call('HGET', job_key(id), 'job')).reply_to end

-- Joins a list to a live job. False when that one has as many as it may have, and when the list
-- waits for it already under another id, with which it shares a key: one outcome for both would
-- leave the caller waiting for the second.
local function join(job, first)
  local key = PREFIX .. 'joined:' .. first.id
  local is_joined = redis.call('SISMEMBER', key, job.reply_to) == 1
  if job.id and job.id ~= first.own
    and (is_joined or reply_to_of(first.id) == job.reply_to) then
    return false
  end
  if is_joined then return true end
  if redis.call('SCARD', key) >= JOINED_MAX then return false end
  redis.call('SADD', key, job.reply_to)
  redis.call('HSET', job_key(first.id), 'joined', 1)
  return true
end

-- Bytes of kept outcomes that this script has pushed.
local told_bytes = 0

-- Tells a kept outcome to one more caller. False when as many as may have been told: repeats of a
-- few bytes each would make any number of large lists.
local function tell(job, first)
  local key = PREFIX .. 'told:' .. pair(job.app, first.own)
  local times = redis.call('HINCRBY', key, 'times', 1)
  if times == 1 then redis.call('PEXPIRE', key, ARGV[10]) end
  if times > JOINED_MAX then return false end
  push(job.reply_to, first.kept)
  told_bytes = told_bytes + #first.kept
  return true
end

-- Whether the caller of a second job gets what the first one gets. So does one that waits for
-- nothing, or names a list that cannot take it.
local function is_answered(job, first)
  if not job.reply_to or refusal(job.reply_to) then return true end
  if first.live then return join(job, first) end
  return first.kept ~= nil and tell(job, first)
end

local function put(list, name, value)
  if value then list[#list + 1], list[#list + 2] = name, value end
end

-- Writes a new job, all fields at once. `more` are names and values of those that few have.
local function write(id, job, text, ord, at_us, more)
  put(more, 'hook', job.hook)
  put(more, 'pri', job.pri ~= 0 and job.pri)
  put(more, 'idem', job.idem and 1)
  redis.call('HSET', job_key(id), 'job', text, 'app', job.app, 'ord', ord, 'at', whole(at_us),
    unpack(more))
end

-- Puts one job in, as `read` found it. False: it is to be refused, and the lane of such jobs is
-- full.
local function admit_job(entry_id, text, job, lane_full)
  local first, taken = first_of(job)
  if first and is_answered(job, first) then
    tally('duplicates', 1)
    return true
  end
  local full = first and 'dup:' .. first.id or bound_reached(job.app)
  if full and lane_full then return false end
  local ord, at_us = origin(entry_id)
  if first then
    local id = free_id(entry_id)
    write(id, job, text, ord, at_us, { 'why', full })
    redis.call('RPUSH', UNRUNNABLE, id)
    return true
  end
  local id, more = job.id, {}
  put(more, 'own', job.id)
  if not id then
    id = free_id(entry_id)
  elseif taken then
    id = free_id(id .. '~' .. job.app)
    redis.call('HSET', OWNS, pair(job.app, job.id), id)
    some_owns = true
  end
  if full then
    put(more, 'why', full)
    write(id, job, text, ord, at_us, more)
    redis.call('RPUSH', UNRUNNABLE, id)
    tally('refused', 1)
    return true
  end
  local at_ms = math.floor(at_us / 1000)
  if job.deadline_ms then
    local dl = whole(at_ms + job.deadline_ms)
    put(more, 'dl', dl)
    redis.call('ZADD', DEADLINES, dl, id)
  end
  if job.dedupe then
    redis.call('HSET', dedupe_key(job), 'id', id, unpack(job.id and { 'own', job.id } or NONE))
    if job.dedupe_ttl_ms then
      redis.call('PEXPIREAT', dedupe_key(job), whole(at_ms + job.dedupe_ttl_ms))
    else
      put(more, 'dedupe', job.dedupe)
    end
  end
  write(id, job, text, ord, at_us, more)
  count_live(job.app, 1)
  local due_ms = job.run_at_ms or (at_ms + (job.delay_ms or 0))
  if due_ms > now_ms() then
    redis.call('ZADD', DELAYED, whole(due_ms), id)
  else
    to_waiting({ id = id, app = job.app, hook = job.hook or '', pri = job.pri, ord = ord })
  end
  return true
end

-- The value of a field of an entry.
local function field_of(entry, name)
  for i = 1, #entry[2], 2 do
    if entry[2][i] == name then return entry[2][i + 1] end
  end
  return nil
end

-- An entry with no `job` is a job that the worker refuses, unless it is a cancellation.
local function admit_entry(entry, lane_full)
  local text, cancel = field_of(entry, 'job'), field_of(entry, 'cancel')
  if not text and cancel then
    cancel_job(cancel, field_of(entry, 'app'), (origin(entry[1], true)))
    return true
  end
  text = text or ''
  return admit_job(entry[1], text, read(text), lane_full)
end

-- Entries to read at once: few at first and after large ones, so that they do not pile up in memory.
local step = READ_FIRST

-- Set when an entry from the future went out of the inbox.
local found_far = false

-- Lets `take` have entries one by one, in the order of their ids, until it returns false or they,
-- and what it tells of kept outcomes, have so many bytes; at least one. Those for which it returns true go out of the inbox. Returns
-- how many it had, how many of them went, and the bytes of all that it had.
local function each(entries, bytes_max, take)
  local done, had, bytes = {}, 0, 0
  for _, entry in ipairs(entries) do
    local told_before = told_bytes
    local result = bytes < bytes_max and take(entry)
    if result == false then break end
    had, bytes = had + 1, bytes + entry_bytes(entry[2]) + told_bytes - told_before
    if result then done[#done + 1] = entry[1] end
  end
  if #done > 0 then
    redis.call('XDEL', IN, unpack(done))
    found_far = found_far or is_far(done[#done])
  end
  step = bytes > had * READ_LARGE and 1 or READ_MAX
  return had, #done, bytes
end

-- The app of a job's text at a glance; nil when that takes a closer look. A text that is made to
-- be mistaken for another app's only has to wait its turn.
local function glimpse(text)
  local _, stop = string.find(text, '"app"', 1, true)
  if not stop or string.find(text, '"app"', stop + 1, true) then return nil end
  return string.match(text, '^%s*:%s*"([^"\\]*)"', stop + 1)
end

-- Behind a backlog, entries are looked at out of turn, so that whoever comes there is seen at once:
-- those that came since the last look, and if they are too many, the newest. Only jobs of apps with
-- none waiting are taken: others have something to start, and their jobs keep their order.
-- Cancellations keep their turn, too.
local function admit_newcomers(lane_full)
  local known_new, taken = {}, 0
  local function is_new(app)
    if known_new[app] == nil then
      known_new[app] = redis.call('EXISTS', app_key(app)) == 0 and #lanes_of(app) == 0
    end
    return known_new[app]
  end
  local function take(entry)
    local text = field_of(entry, 'job')
    if not text or #text > DECODE_BYTES_MAX then return nil end
    local app = glimpse(text)
    if app and not is_new(app) then return nil end
    local job = read(text)
    return is_new(job.app) and admit_job(entry[1], text, job, lane_full) or nil
  end
  local looked, seen, bytes_left = redis.call('HGET', ABOUT, 'looked'), 0, TAIL_BYTES_MAX
  local from, all_seen = looked, false
  while seen < LOOK_MAX and taken < TAIL_MAX and bytes_left > 0 and not all_seen do
    local entries = redis.call('XRANGE', IN, from and '(' .. from or '-', '+', 'COUNT', step)
    local asked = step
    local had, went, bytes = each(entries, bytes_left, take)
    seen, taken, bytes_left = seen + had, taken + went, bytes_left - bytes
    if had > 0 then from = entries[had][1] end
    -- Behind one from the future there are only more of them, and behind the last nothing.
    all_seen = had == #entries and #entries < asked or had > 0 and is_far(from)
    if had > 0 and not is_far(from) then looked = from end
  end
  if looked then redis.call('HSET', ABOUT, 'looked', looked) end
  if all_seen then return taken end
  local newest, to = {}, '+'
  bytes_left = TAIL_BYTES_MAX
  while #newest < TAIL_MAX and bytes_left > 0 do
    local count = math.min(step, TAIL_MAX - #newest)
    local entries = redis.call('XREVRANGE', IN, to, '-', 'COUNT', count)
    if #entries == 0 then break end
    to = '(' .. entries[#entries][1]
    for _, entry in ipairs(entries) do
      if bytes_left > 0 then table.insert(newest, 1, entry) end
      bytes_left = bytes_left - entry_bytes(entry[2])
    end
  end
  local _, went = each(newest, math.huge, take)
  return taken + went
end

-- After an entry with the largest of all ids the inbox would refuse all others, for ever. So once
-- it is empty it begins anew.
local function renew_inbox()
  redis.call('DEL', IN)
  redis.call('HDEL', ABOUT, 'far', 'looked')
end

-- Takes entries: `limit` of them, or `long_limit` when more than that are waiting. With those that
-- are taken out of turn they are about ADMIT_BYTES_MAX at most. Returns how many were taken.
local function admit(limit, long_limit)
  local waiting, taken, bytes_left = redis.call('XLEN', IN), 0, ADMIT_BYTES_MAX - 2 * TAIL_BYTES_MAX
  if waiting == 0 and not far then return 0 end
  local left = waiting > limit and long_limit or limit
  local lane_full
  local function take(entry) return admit_entry(entry, lane_full) end
  while taken < waiting and left > 0 and bytes_left > 0 do
    local entries = redis.call('XRANGE', IN, '-', '+', 'COUNT', math.min(step, left))
    lane_full = redis.call('LLEN', UNRUNNABLE) >= LANE_MAX
    local had, went, bytes = each(entries, bytes_left, take)
    taken, left, bytes_left = taken + went, left - had, bytes_left - bytes
    if had == 0 or had < #entries then break end
  end
  if taken < waiting then taken = taken + admit_newcomers(lane_full) end
  if found_far and not far then redis.call('HSET', ABOUT, 'far', 1) end
  if taken == waiting and (found_far or far) then renew_inbox() end
  return taken
end
