-- tend: the worker's heartbeat, and all that must go on while workers are busy.
--
-- KEYS, ARGV 1 to 11: see base.lua
-- ARGV 12 worker  13 token stem
-- Reply {ms since 1970, 1 when there is more to do,
--        {jobs that must not run, as lease answers them}, {per cancelled lease: id, token},
--        {per ban: app, reason, ms left}, {per due tick: schedule, text, tick in ms}}

local HANDLE, WORKER = ARGV[3], ARGV[12]

local refused = keep_layout(noted[7])
if refused then return refused end
drain()
observe()
note_bounds()
redis.call('ZADD', WORKERS, whole(now_ms()), HANDLE)
redis.call('HSET', NAMES, HANDLE, WORKER)

-- Handles that have stopped to tend lose all that they hold.
local all_taken = true
local lost = due(WORKERS, lost_by(now_ms() - WORKER_TIMEOUT), RECLAIM_MAX)
if #lost > 0 then
  local gone = {}
  for _, handle in ipairs(lost) do gone[handle] = true end
  all_taken = take_back_all(gone, true)
  if all_taken then
    redis.call('ZREM', WORKERS, unpack(lost))
    redis.call('HDEL', NAMES, unpack(lost))
  end
end

sweep()
local admitted = admit(ADMIT_MAX, ADMIT_LONG_MAX)
place_touched()
hand_unrunnable(WORKER, ARGV[13])
flush()
redis.call('HSET', ABOUT, 'v', whole(V), 'seen', whole(now_ms()))

local cancelled = {}
for _, id in ipairs(redis.call('SMEMBERS', CANCELS)) do
  local token = redis.call('HGET', job_key(id), 'token')
  if not token then
    redis.call('SREM', CANCELS, id)
  elseif string.sub(token, 1, #HANDLE) == HANDLE then
    cancelled[#cancelled + 1], cancelled[#cancelled + 2] = id, token
  end
end

local over = due(BANS, now_ms(), RECLAIM_MAX)
if #over > 0 then
  redis.call('ZREM', BANS, unpack(over))
  redis.call('HDEL', REASONS, unpack(over))
end
local bans, standing = {}, redis.call('ZRANGE', BANS, 0, -1, 'WITHSCORES')
for i = 1, #standing, 2 do
  local reason = redis.call('HGET', REASONS, standing[i]) or ''
  for _, value in ipairs({ standing[i], reason, tonumber(standing[i + 1]) - now_ms() }) do
    bans[#bans + 1] = value
  end
end

local ticks = {}
local come = redis.call('ZRANGEBYSCORE', TICKS, '-inf', whole(now_ms()), 'WITHSCORES', 'LIMIT', 0,
  DUE_MAX)
for i = 1, #come, 2 do
  local text = redis.call('HGET', SCHEDULES, come[i]) or ''
  for _, value in ipairs({ come[i], text, tonumber(come[i + 1]) }) do ticks[#ticks + 1] = value end
end

-- What is left of the jobs that must not run is handed out by tending, and wakes nobody.
local lane_left = redis.call('EXISTS', UNRUNNABLE) == 1
if eligible and not queue_paused then wake() end
local more = some_left or not all_taken or lane_left or (admitted > 0 and redis.call('XLEN', IN) > 0)
return { now_ms(), more and 1 or 0, out, cancelled, bans, ticks }
