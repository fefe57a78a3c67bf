-- views: live jobs for people: one with its text, or those that wait.
--
-- KEYS, ARGV 1 to 11: see base.lua
-- ARGV 12 'inspect'  13 id
--      12 'peek'     13 jobs at most  14 instead of all apps, one
-- Reply per job: id, app, hook, state, priority, attempts, ms of age, ms until due or -1,
--       worker or '', '1' with progress, progress, text or ''

local reply = {}

local function show(id, with_text)
  local job = job_of(id)
  if not job then return end
  local last = with_text and 'job' or 'none'
  local f = redis.call('HMGET', job_key(id), 'at', 'worker', 'progress', last)
  local due_ms = redis.call('ZSCORE', DELAYED, id)
  local state = job.why and 'unrunnable' or job.token and 'leased' or due_ms and 'delayed'
    or 'queued'
  local age_ms = math.max(0, math.floor((now_us() - tonumber(f[1])) / 1000))
  local due_in = state == 'delayed' and math.max(0, tonumber(due_ms) - now_ms()) or -1
  local values = { id, job.app, job.hook, state, job.pri, job.attempts, age_ms, due_in,
    f[2] or '', f[3] and '1' or '', f[3] or '', f[4] or '' }
  for _, value in ipairs(values) do reply[#reply + 1] = value end
end

if ARGV[12] == 'inspect' then
  show(ARGV[13], true)
  return reply
end

local limit, only, shown = tonumber(ARGV[13]), ARGV[14], 0

-- Apps as they stand: those that may start first, by their tags; then those that may not now.
-- Nothing is read of an app until its turn comes.
local apps = {}
local function add_app(app, tag)
  apps[#apps + 1] = { app = app, tag = tag, nth = #apps }
end
if only then
  add_app(only, 0)
else
  local active = redis.call('ZRANGE', ACTIVE, 0, limit - 1, 'WITHSCORES')
  for i = 1, #active, 2 do add_app(active[i], tonumber(active[i + 1])) end
  local seen_app, last = {}, 2 ^ 52
  for _, names in ipairs({ redis.call('ZRANGE', THROTTLED, 0, limit - 1),
    redis.call('SRANDMEMBER', CAPPED, limit), redis.call('SRANDMEMBER', PAUSED, limit) }) do
    for _, app in ipairs(names) do
      if not seen_app[app] and not redis.call('ZSCORE', ACTIVE, app) then add_app(app, last) end
      seen_app[app] = true
    end
  end
end
-- Lines are read in pieces, so that all pieces together are about as many as are shown.
local piece = math.max(PEEK_PIECE_MIN, math.floor(limit / math.max(1, #apps)) + 1)

-- The next job of a line without taking it: its member and its place.
local function head_of(line)
  if line.at > #line.jobs and not line.ended then
    line.jobs = redis.call('ZRANGE', line.key, line.read, line.read + piece - 1, 'WITHSCORES')
    line.read, line.at, line.ended = line.read + piece, 1, #line.jobs < 2 * piece
  end
  return line.jobs[line.at], tonumber(line.jobs[line.at + 1])
end

-- Takes the next job of an app out of all its lines; nil when there are no more.
local function next_of(app)
  if not app.lines then
    local function line(key) return { key = key, jobs = {}, at = 1, read = 0 } end
    app.lines = { line(app_key(app.app)) }
    for _, hook in ipairs(lanes_of(app.app)) do
      app.lines[#app.lines + 1] = line(lane_key(app.app, hook))
    end
  end
  local best, best_member, best_score
  for _, line in ipairs(app.lines) do
    local member, score = head_of(line)
    if member and (not best or score < best_score
      or (score == best_score and member < best_member)) then
      best, best_member, best_score = line, member, score
    end
  end
  if best then best.at = best.at + 2 end
  return best_member
end

-- The apps are a heap by tag, then by where they stood.
local function is_before(a, b)
  return a.tag < b.tag or (a.tag == b.tag and a.nth < b.nth)
end
local function sink(i)
  while true do
    local least = i
    for child = 2 * i, 2 * i + 1 do
      if apps[child] and is_before(apps[child], apps[least]) then least = child end
    end
    if least == i then return end
    apps[i], apps[least], i = apps[least], apps[i], least
  end
end

-- The order in which fair queueing would take them. As they are added they are a heap already.
while shown < limit and apps[1] do
  local first = apps[1]
  local member = next_of(first)
  if member then
    show(string.sub(member, string.find(member, ':', 1, true) + 1), false)
    shown = shown + 1
    first.tag = first.tag + math.floor(COST / (limits_of(first.app).weight or 1))
  else
    apps[1] = apps[#apps]
    apps[#apps] = nil
  end
  sink(1)
end

-- Then those that are not due.
local from = 0
while shown < limit and from < PEEK_DELAYED_MAX do
  local ids = redis.call('ZRANGE', DELAYED, from, from + PROMOTE_MAX - 1)
  if #ids == 0 then break end
  from = from + #ids
  for _, id in ipairs(ids) do
    if shown < limit and (not only or redis.call('HGET', job_key(id), 'app') == only) then
      show(id, false)
      shown = shown + 1
    end
  end
end
return reply
