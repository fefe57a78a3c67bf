-- What goes to callers. A key named by a producer is no KEY of the script: a Redis Cluster would
-- refuse the whole script for one of another slot, and a producer's mistake would keep its job
-- from ever being settled. So each write to one is protected, and its failure is a text.

local REPLY_TTL = ARGV[11]

-- What a protected call failed with; nil when it went well.
local function failure(result)
  return type(result) == 'table' and result.err or nil
end

-- Why a list cannot take an outcome; nil when it can. reply_to.rs says the same.
local function refusal(list)
  if #list < 1 or #list > REPLY_TO_BYTES_MAX then
    return 'reply_to has ' .. #list .. ' bytes, allowed are 1 to ' .. REPLY_TO_BYTES_MAX
  end
  -- Any queue's keys, not only our own: a list where another expects a stream would stop it.
  if string.sub(list, 1, 6) == 'lode:{' then
    -- The first brace ends the queue's name: what comes after it may hold braces of its own.
    local brace = string.find(list, '}', 7, true)
    if not brace or string.sub(list, brace, brace + 7) ~= '}:reply:' or #list == brace + 7 then
      return 'reply_to "' .. list .. '" is a queue\'s own key, allowed are ' .. PREFIX
        .. 'reply:<caller> and names that do not begin with lode:{'
    end
  end
  if string.find(list, '^%l+:normal$') or string.find(list, '^blacklist:')
    or string.find(list, '^taskKey:') then
    return 'reply_to "' .. list .. '" is a key of npm background-task, allowed are names that are '
      .. 'none of its own'
  end
  return nil
end

-- Pushes to a caller's list. Returns what went wrong, or nil.
local function push(list, value)
  local problem = refusal(list)
  if problem then return problem end
  local length = redis.pcall('RPUSH', list, value)
  problem = failure(length)
  if problem then
    local kind = redis.pcall('TYPE', list)
    if kind.ok and kind.ok ~= 'list' and kind.ok ~= 'none' then
      problem = 'reply_to holds a ' .. kind.ok .. ', not a list'
    end
    return problem
  end
  -- A list that stood there before is somebody's own: only the queue's reply lists and lists that
  -- this push has made get a time to live.
  if length == 1 or string.sub(list, 1, #PREFIX + 6) == PREFIX .. 'reply:' then
    redis.pcall('PEXPIRE', list, REPLY_TTL)
  end
  return nil
end

-- Fields of those hashes by the ms when they count as unread. A client reads a field when it hears
-- the message and at no other time, not after a reconnect either; one that has given up on its task
-- hears the message and reads nothing. Nothing else would ever take such a field away.
local REPLIES = PREFIX .. 'nbt:replies'
local UNREAD_AFTER_MS = 60000
-- More than come with one reply, so that none stay behind.
local FORGOTTEN_AT_ONCE = 16

local function forget_unread()
  local due = redis.pcall('ZRANGEBYSCORE', REPLIES, '-inf', whole(now_ms()),
    'LIMIT', 0, FORGOTTEN_AT_ONCE)
  for _, reply in ipairs(due) do
    local hash, field = string.match(reply, '^(%S+) (%S+)$')
    if hash then redis.pcall('HDEL', hash, field) end
    redis.pcall('ZREM', REPLIES, reply)
  end
end

-- Answers a client of npm background-task: a field of a hash, then a message. Returns what went
-- wrong, or nil. The arguments come from a job, so they may name nothing else.
local function task_reply(hash, field, value, channel, message)
  local kind = string.match(hash, '^(%l+):normal$')
  if kind ~= 'success' and kind ~= 'error' and kind ~= 'failed' and kind ~= 'progress' then
    return 'the hash is "' .. hash .. '", allowed are success, error, failed and progress:normal'
  elseif #field > 64 or not string.find(field, '^[%w-]+$') then
    return 'the task id is not 1 to 64 of A-Z a-z 0-9 -'
  elseif string.sub(channel, 1, 12) ~= 'msgChannels:' then
    return 'the channel is "' .. channel .. '", allowed are those that begin with msgChannels:'
  end
  forget_unread()
  local problem = failure(redis.pcall('HSET', hash, field, value))
  if problem then return problem end
  local heard = redis.pcall('PUBLISH', channel, message)
  problem = failure(heard)
  if problem or heard == 0 then
    redis.pcall('HDEL', hash, field)
  else
    redis.pcall('ZADD', REPLIES, whole(now_ms() + UNREAD_AFTER_MS), hash .. ' ' .. field)
  end
  return problem
end

-- Bytes of an entry's values.
local function entry_bytes(fields)
  local bytes = 0
  for i = 2, #fields, 2 do bytes = bytes + #fields[i] end
  return bytes
end
