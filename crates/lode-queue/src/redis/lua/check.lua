-- check: whether the queue is one that this version can serve. Every handle asks once.
--
-- KEYS, ARGV 1 to 11: see base.lua
-- Reply 1

return keep_layout(redis.call('HGET', ABOUT, 'layout'), true) or 1
