-- The few fields of a job that queueing needs, read leniently: what cannot be read counts as
-- absent, and the worker refuses the job. fields.rs reads the same.

-- True for well-formed UTF-8: an id travels to the worker and back, and must come back the same.
local function is_utf8(s)
  if not string.find(s, '[\128-\255]') then return true end
  local i, n = 1, #s
  while i <= n do
    local a, b = string.byte(s, i, i + 1)
    local more, low, high = 0, 0x80, 0xBF
    if a >= 0x80 then
      if a >= 0xC2 and a <= 0xDF then more = 1
      elseif a >= 0xE0 and a <= 0xEF then more = 2
      elseif a >= 0xF0 and a <= 0xF4 then more = 3
      else return false end
      if a == 0xE0 then low = 0xA0 elseif a == 0xED then high = 0x9F end
      if a == 0xF0 then low = 0x90 elseif a == 0xF4 then high = 0x8F end
      if not b or b < low or b > high then return false end
      for k = i + 2, i + more do
        local c = string.byte(s, k)
        if not c or c < 0x80 or c > 0xBF then return false end
      end
    end
    i = i + 1 + more
  end
  return true
end

local function text_field(value, max)
  if type(value) == 'string' and #value >= 1 and #value <= max then return value end
  return nil
end

local function whole_field(value, min, max)
  if type(value) == 'number' and value >= min and value <= max and value == math.floor(value) then
    return value
  end
  return nil
end

local function read(text)
  local ok, t = false, nil
  if #text <= DECODE_BYTES_MAX then ok, t = pcall(cjson.decode, text) end
  if not ok or type(t) ~= 'table' then return { app = '', pri = 0 } end
  local id, pri = text_field(t.id, ID_BYTES_MAX), t.priority
  if type(pri) ~= 'number' or pri ~= pri then pri = 0 end
  local job = {
    id = id and is_utf8(id) and id or nil,
    app = text_field(t.app, APP_BYTES_MAX) or '',
    hook = text_field(t.hook, HOOK_BYTES_MAX),
    pri = math.floor(math.max(-PRIORITY_MAX, math.min(PRIORITY_MAX, pri))),
    idem = t.idempotent == true,
    reply_to = text_field(t.reply_to, REPLY_TO_BYTES_MAX),
  }
  -- Few jobs have any of these.
  local delay, run_at, deadline, dedupe = t.delay_ms, t.run_at_ms, t.deadline_ms, t.dedupe_key
  -- The two contradict each other.
  if delay ~= nil and run_at == nil then job.delay_ms = whole_field(delay, 0, DELAY_MS_MAX) end
  if run_at ~= nil and delay == nil then job.run_at_ms = whole_field(run_at, 0, RUN_AT_MS_MAX) end
  if deadline ~= nil then job.deadline_ms = whole_field(deadline, 1, DELAY_MS_MAX) end
  if dedupe ~= nil then
    job.dedupe = text_field(dedupe, DEDUPE_KEY_BYTES_MAX)
    job.dedupe_ttl_ms = whole_field(t.dedupe_ttl_ms, 1, DEDUPE_TTL_MS_MAX)
  end
  return job
end
