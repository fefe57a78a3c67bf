-- dead: queues dead jobs anew or forgets them, a few entries per call.
--
-- KEYS, ARGV 1 to 11: see base.lua
-- ARGV 12 'requeue' or 'purge'  13 'job', 'app' or 'all'  14 the id or the app
--      15 first entry  16 last entry
-- Reply {how many, the first entry of the next call, '' when there are no more}

local requeue, kind, value = ARGV[12] == 'requeue', ARGV[13], ARGV[14]

-- Puts a dead job in as if it had just come. False when one of its id or key lives, and when there
-- is no room for it.
local function again(id, text)
  local job = read(text)
  if job.id and find_live(job.id, job.app) then return false end
  local key = job.dedupe and PREFIX .. 'dedupe:' .. pair(job.app, job.dedupe)
  local first = key and redis.call('HGET', key, 'id')
  if first and redis.call('HGET', job_key(first), 'app') == job.app then return false end
  if bound_reached(job.app) then return false end
  -- Its outcome and its key are those of the life that has ended.
  if job.id then redis.call('DEL', result_key(job.app, job.id)) end
  if key then redis.call('DEL', key) end
  local entry_id = whole(now_ms()) .. '-' .. redis.call('HINCRBY', ABOUT, 'seq', 1)
  return admit_job(entry_id, text, job, false)
end

local refused = keep_layout(redis.call('HGET', ABOUT, 'layout'))
if refused then return refused end
APP_QUEUE_MAX, QUEUE_MAX = bounds_of_workers()

-- In small steps, so that a few huge entries do not pile up in memory.
local from, pace, left, bytes_left = ARGV[15], 1, DEAD_CALL_MAX, DEAD_CALL_BYTES_MAX
local count, more = 0, true
while more and left > 0 and bytes_left > 0 do
  pace = math.min(pace, left)
  local entries, before = redis.call('XRANGE', DEAD, from, ARGV[16], 'COUNT', pace), bytes_left
  more = #entries == pace
  for i, entry in ipairs(entries) do
    local f, size = {}, entry_bytes(entry[2])
    for k = 1, #entry[2], 2 do f[entry[2][k]] = entry[2][k + 1] end
    local meant = kind == 'all' or (kind == 'job' and f.id == value)
      or (kind == 'app' and (f.app or '') == value)
    if meant and (not requeue or again(f.id, f.job)) then
      redis.call('XDEL', DEAD, entry[1])
      redis.call('HINCRBY', ABOUT, 'dead_bytes', -size)
      count = count + 1
    end
    from, bytes_left = '(' .. entry[1], bytes_left - size
    if bytes_left <= 0 then
      more = more or i < #entries
      break
    end
  end
  left = left - #entries
  pace = before - bytes_left > #entries * READ_LARGE and 1 or READ_MAX
end
place_touched()
flush()
if eligible then wake() end
return { count, more and from or '' }
