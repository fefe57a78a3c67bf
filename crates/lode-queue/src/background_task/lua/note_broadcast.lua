-- note_broadcast: remembers that a task is for every worker, so that no worker of Lode claims it.
--
-- KEYS  1 lode:{q}:nbt:broadcasts  zset  task ids by when they may be forgotten, in ms since 1970
-- ARGV  1 the task's id  2 for how long, in ms
-- Reply nil. The client takes the task itself out of the hash when its time is over.

local call = redis.call
local time = call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
call('ZREMRANGEBYSCORE', KEYS[1], '-inf', string.format('%.0f', now))
call('ZADD', KEYS[1], string.format('%.0f', now + tonumber(ARGV[2])), ARGV[1])
-- The key goes with the last of them.
local last = call('ZREVRANGE', KEYS[1], 0, 0, 'WITHSCORES')[2]
call('PEXPIREAT', KEYS[1], string.format('%.0f', tonumber(last)))
