-- workers: those that tend the queue.
--
-- KEYS, ARGV 1 to 11: see base.lua
-- Reply per worker: name, ms since it last tended

local reply = {}
local from = '(' .. whole(now_ms() - tonumber(ARGV[7]))
local beats = redis.call('ZRANGEBYSCORE', WORKERS, from, '+inf', 'WITHSCORES')
for i = 1, #beats, 2 do
  reply[#reply + 1] = redis.call('HGET', NAMES, beats[i]) or ''
  reply[#reply + 1] = math.max(0, now_ms() - tonumber(beats[i + 1]))
end
return reply
