-- What wrk sends. Arguments behind `--`: method, path with %s for the key, number
-- of keys (0: one hot key, named "hot"), prefix of Idempotency-Keys ("": none), body, its type,
-- a seed.
--
-- `done` prints one line of JSON for benchmarks/wrk.py.

local method, path, key_count, id_prefix, body

local ready = {} -- requests by key, where no header differs between them
local sent = 0

local function key_of(number)
  if key_count == 0 then
    return "hot"
  end
  return "k" .. number
end

function init(arguments)
  method, path = arguments[1], arguments[2]
  key_count, id_prefix, body = tonumber(arguments[3]), arguments[4], arguments[5]
  if body == "" then
    body = nil
  else
    wrk.headers["Content-Type"] = arguments[6]
  end
  math.randomseed(tonumber(arguments[7]))
  if id_prefix == "" then
    for number = 1, math.max(key_count, 1) do
      ready[number] = wrk.format(method, string.format(path, key_of(number)), nil, body)
    end
  end
end

function request()
  local number = math.random(math.max(key_count, 1))
  if id_prefix == "" then
    return ready[number]
  end
  sent = sent + 1
  wrk.headers["Idempotency-Key"] = id_prefix .. sent
  return wrk.format(method, string.format(path, key_of(number)), nil, body)
end

function done(summary, latency)
  local errors = summary.errors
  io.write(string.format(
    '\n{"requests": %d, "bytes": %d, "duration_us": %d, "p50_us": %d, "p99_us": %d, "max_us": %d, ' ..
    '"status": %d, "connect": %d, "read": %d, "write": %d, "timeout": %d}\n',
    summary.requests, summary.bytes, summary.duration, latency:percentile(50), latency:percentile(99),
    latency.max, errors.status, errors.connect, errors.read, errors.write, errors.timeout))
end
