-- The layout of the keys, and the bounds that workers keep: both are noted in `about`.

-- Jobs of another layout would never be found in this one. Notes the layout of a queue that has
-- none; for a queue with jobs of another one returns what the script is to answer instead. The first
-- layout noted none and had its numbers in a hash, `meta`; from now on a text stands there, so that
-- workers of that version, should one still run, fail and change nothing.
local function keep_layout(layout, is_only_asking)
  if layout == 'LAYOUT' then return nil end
  local left, other = 0, layout
  local is_first = not layout and redis.call('TYPE', META).ok == 'hash'
  if is_first then
    left = tonumber(redis.call('HGET', META, 'queued') or '0') + redis.call('ZCARD', LEASES)
    other = '1'
  end
  if layout or left > 0 then
    return redis.error_reply('OTHERLAYOUT the queue ' .. PREFIX .. ' has jobs in layout ' .. other
      .. ' of its keys, and this version of Lode reads layout LAYOUT: let workers of the version '
      .. 'that made these jobs finish them all, stop those workers, then start this one. Nothing '
      .. 'was changed')
  end
  if not is_only_asking then
    drain()
    if is_first then
      redis.call('HSET', ABOUT, unpack(redis.call('HGETALL', META)))
      redis.call('DEL', META)
    end
    redis.call('SET', META, LAYOUT)
    redis.call('HSET', ABOUT, 'layout', LAYOUT)
  end
  return nil
end

-- Notes the bounds of a worker, for handles that only look after the queue.
local function note_bounds()
  local bounds = redis.call('HMGET', ABOUT, 'app_max', 'all_max')
  if bounds[1] ~= ARGV[8] or bounds[2] ~= ARGV[9] then
    redis.call('HSET', ABOUT, 'app_max', ARGV[8], 'all_max', ARGV[9])
  end
end

-- The bounds that workers keep, unless this handle is a worker itself or there never was one.
local function bounds_of_workers()
  local bounds = redis.call('HMGET', ABOUT, 'app_max', 'all_max')
  if not bounds[1] or redis.call('ZSCORE', WORKERS, ARGV[3]) then bounds = { ARGV[8], ARGV[9] } end
  return tonumber(bounds[1]), tonumber(bounds[2])
end
