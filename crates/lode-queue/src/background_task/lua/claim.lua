-- claim: takes tasks of npm background-task and puts a job of Lode in the place of each.
--
-- KEYS  1 newtask:normal            hash    task id -> the client's message as JSON
--       2 lode:{q}:in               stream  the queue's inbox
--       3 lode:{q}:nbt:broadcasts   zset    ids of tasks that every worker reads: not to be claimed
-- ARGV  1 bytes of messages after which no further id is looked at
--       2 bytes of a message above which it is not decoded: its job is refused for its size
--       3 bytes of an app's name at most
--       4 bytes kept of a message that cannot be read
--       5 text that each job gets after its id, such as ',"deadline_ms":5000', or ''
--       6 'announced' takes each task; 'unheard' leaves those whose client no longer listens, and
--         'left' deletes these: a client hears of its tasks on a channel that is never used again
--       7.. task ids
-- Reply {ids looked at, tasks claimed, tasks deleted}. An id that is not in the hash is another
--       worker's, or its client has given up; nothing is done then.
--
-- HGET and HDEL in one step are the package's own claim, so its workers and Lode's may serve one
-- channel. HDEL comes before XADD: a server without memory lets a script go on that has freed some.

local TASKS, IN, BROADCASTS = KEYS[1], KEYS[2], KEYS[3]
local BYTES_MAX, DECODE_MAX, APP_MAX = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local KEPT_MAX, EXTRA, MODE = tonumber(ARGV[4]), ARGV[5], ARGV[6]
local call = redis.call

local kind = call('TYPE', IN).ok
if kind ~= 'stream' and kind ~= 'none' then
  return redis.error_reply('WRONGTYPE ' .. IN .. ' holds a ' .. kind .. ', not a stream')
end

-- What the queue has to know of the task that is inside the message, where it does not look.
local function fields_of(message)
  local task = message.taskDetails
  if type(task) ~= 'table' then return '' end
  local fields = ''
  for _, name in ipairs({ 'appId', 'app' }) do
    local app = task[name]
    if fields == '' and type(app) == 'string' and #app >= 1 and #app <= APP_MAX then
      fields = ',"app":' .. cjson.encode(app)
    end
  end
  local priority = task.priority
  if type(priority) == 'number' and priority == math.floor(priority)
    and math.abs(priority) <= 100 then
    fields = fields .. string.format(',"priority":%d', priority)
  end
  return task.idempotent == true and fields .. ',"idempotent":true' or fields
end

-- The channel on which the client waits, if it can be found: the package writes it after the task.
local function channel_of(raw)
  return string.match(raw, '^.*"_listenChannel"%s*:%s*"(msgChannels:[%w%-]+)"')
end

-- Whether nobody is there any more to hear of the task. One without a channel is somebody's mistake:
-- it is taken, so that it comes to light.
local function is_left(raw)
  local channel = channel_of(raw)
  return channel ~= nil and call('PUBSUB', 'NUMSUB', channel)[2] == 0
end

-- In the place of a message that nobody can read: its id, its channel if that can still be found,
-- and a text where a task should be, so that the worker refuses it and the client hears why.
local function unreadable(id, raw)
  local shown = string.sub(raw, 1, KEPT_MAX)
  local channel = channel_of(raw)
  local id_json = cjson.encode(id)
  return '{"taskId":' .. id_json .. ',"taskDetails":' .. cjson.encode(shown)
    .. (channel and ',"_listenChannel":"' .. channel .. '"' or '')
    .. ',"_messageId":' .. id_json .. ',"_status":"NEWTASK"}'
end

-- The job. The message goes in as it came: decoding and encoding it again would change it.
local function job_of(id, raw)
  local head = '{"id":' .. cjson.encode('nbt-' .. id) .. EXTRA
  if #raw > DECODE_MAX and string.find(raw, '^%s*{.*}%s*$') then
    return head .. ',"background_task":' .. raw .. '}'
  end
  local decoded, message = false, nil
  -- JSON has no control characters but white space; the decoder would let them through.
  if #raw <= DECODE_MAX and not string.find(raw, '[%z\1-\8\11\12\14-\31]') then
    decoded, message = pcall(cjson.decode, raw)
  end
  if not decoded or type(message) ~= 'table' or not string.find(raw, '^%s*{') then
    return head .. ',"background_task":' .. unreadable(id, raw) .. '}'
  end
  return head .. fields_of(message) .. ',"background_task":' .. raw .. '}'
end

local looked, claimed, deleted, bytes = 0, 0, 0, 0
for i = 7, #ARGV do
  if bytes >= BYTES_MAX then break end
  looked = looked + 1
  local id = ARGV[i]
  local raw = not call('ZSCORE', BROADCASTS, id) and call('HGET', TASKS, id)
  if raw then
    bytes = bytes + #raw
    if MODE == 'announced' or not is_left(raw) then
      local job = job_of(id, raw)
      call('HDEL', TASKS, id)
      call('XADD', IN, '*', 'job', job)
      claimed = claimed + 1
    elseif MODE == 'left' then
      deleted = deleted + call('HDEL', TASKS, id)
    end
  end
end
return { looked, claimed, deleted }
