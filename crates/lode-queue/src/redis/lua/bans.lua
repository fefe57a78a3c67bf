-- bans: the breaker. Counts bad jobs, suspends apps, lifts and lists bans.
--
-- KEYS, ARGV 1 to 11: see base.lua
-- ARGV 12 'bad'   13 app  14 reason  15 ms of the ban  16 bad jobs forgiven  17 their window in ms
--      12 'ban'   13 app  14 reason  15 ms of the ban
--      12 'lift'  13 app
--      12 'list'
-- Reply bad: {app, reason, ms left} of the new ban, or {}; ban: 1; lift: 1, or 0 there was none;
--       list: per ban app, reason, ms left

local what, app = ARGV[12], ARGV[13]

local function ban()
  redis.call('ZADD', BANS, whole(now_ms() + tonumber(ARGV[15])), app)
  redis.call('HSET', REASONS, app, ARGV[14])
  redis.call('DEL', PREFIX .. 'bad:' .. app)
end

local function is_banned()
  local until_ms = redis.call('ZSCORE', BANS, app)
  return until_ms and tonumber(until_ms) > now_ms()
end

if what == 'list' then
  local reply = {}
  local standing = redis.call('ZRANGEBYSCORE', BANS, '(' .. whole(now_ms()), '+inf', 'WITHSCORES')
  for i = 1, #standing, 2 do
    local reason = redis.call('HGET', REASONS, standing[i]) or ''
    for _, value in ipairs({ standing[i], reason, tonumber(standing[i + 1]) - now_ms() }) do
      reply[#reply + 1] = value
    end
  end
  return reply
end

drain()
if what == 'ban' then
  ban()
  return 1
elseif what == 'lift' then
  local was = is_banned()
  redis.call('ZREM', BANS, app)
  redis.call('HDEL', REASONS, app)
  redis.call('DEL', PREFIX .. 'bad:' .. app)
  return was and 1 or 0
end

-- One bad job. Those of an app that is banned already do not prolong its ban.
local forgiven, window_ms = tonumber(ARGV[16]), tonumber(ARGV[17])
if forgiven == 0 or is_banned() then return {} end
local bad = PREFIX .. 'bad:' .. app
local count = redis.call('RPUSH', bad, whole(now_ms()))
redis.call('PEXPIRE', bad, whole(window_ms + 1))
if count <= forgiven then return {} end
local oldest = tonumber(redis.call('LINDEX', bad, -forgiven - 1))
redis.call('LTRIM', bad, -forgiven, -1)
if now_ms() - oldest > window_ms then return {} end
ban()
return { app, ARGV[14], tonumber(ARGV[15]) }
