-- wrk: send the requests of a corpus (corpus.py) at a constant rate, RATE a second, over however many connections there are.
-- Request number k is due at begin + k / RATE and goes out on the first free connection; what is late for want of one counts
-- from when it was due, not from when it was sent. CORPUS, TOKEN, RUN and RATE come from the environment. Times are told apart
-- by the X-Request-Id, which the platform gives back. At the end it prints one line of JSON. A refusal is a 429 or 503 that
-- says Retry-After; any other answer of 400 and more is a failure.
local ffi = require("ffi")
ffi.cdef("typedef struct { long seconds; long nanoseconds; } pace_time; int clock_gettime(int clock, pace_time *now);")
local clock = ffi.new("pace_time")
local unique, run, rate = string.rep("@", 16), os.getenv("RUN"), tonumber(os.getenv("RATE"))
local requests, due, begun, planned = {}, {}, nil, 0
local threads = {}
local STEP_MS = 0.1
counts = { sent = 0, answered = 0, accepted = 0, refused = 0, failed = 0, last = 0 } -- read from another Lua state
accepted, refused = {}, {} -- how many answers took so many steps

local function now() -- milliseconds
  ffi.C.clock_gettime(1, clock)
  return tonumber(clock.seconds) * 1e3 + tonumber(clock.nanoseconds) / 1e6
end

function setup(thread)
  threads[#threads + 1] = thread
end

function init(_)
  for line in io.lines(os.getenv("CORPUS")) do
    local method, path, kind, match, body = line:match("^([^\t]*)\t([^\t]*)\t([^\t]*)\t([^\t]*)\t([^\t]*)$")
    local headers = { ["Authorization"] = "Bearer " .. os.getenv("TOKEN"), ["X-Request-Id"] = unique }
    if kind ~= "" then headers["Content-Type"] = kind end
    if match ~= "" then headers["If-Match"] = match end
    if body == "" then body = nil end
    requests[#requests + 1] = wrk.format(method, path, headers, body)
  end
end

function delay() -- in whole milliseconds, until the next request is due
  local at = now()
  begun = begun or at
  local wait = begun + planned / rate * 1e3 - at
  planned = planned + 1
  return wait > 0 and math.ceil(wait) or 0
end

function request()
  if not begun then return requests[1] end -- wrk looks at one before it begins
  local number = run .. string.format("%010d", counts.sent)
  due[number] = begun + counts.sent / rate * 1e3
  counts.sent = counts.sent + 1
  return (requests[counts.sent % #requests + 1]:gsub(unique, number))
end

function response(status, headers, _)
  local at = now()
  local number = headers["x-request-id"]
  local took = at - due[number]
  due[number] = nil
  counts.answered, counts.last = counts.answered + 1, at - begun
  local step = math.floor(took / STEP_MS)
  if status < 400 then
    counts.accepted, accepted[step] = counts.accepted + 1, (accepted[step] or 0) + 1
  elseif (status == 429 or status == 503) and headers["retry-after"] then
    counts.refused, refused[step] = counts.refused + 1, (refused[step] or 0) + 1
  else
    counts.failed = counts.failed + 1
  end
end

local function percentiles(found)
  local steps, all = {}, 0
  for step, count in pairs(found) do
    steps[#steps + 1], all = step, all + count
  end
  table.sort(steps)
  local at, seen = {}, 0
  for _, step in ipairs(steps) do
    seen = seen + found[step]
    for _, part in ipairs({ 0.5, 0.95, 0.99, 1 }) do
      if not at[part] and seen >= part * all then at[part] = (step + 1) * STEP_MS end
    end
  end
  return at[0.5] or 0, at[0.95] or 0, at[0.99] or 0, at[1] or 0
end

function done(summary, _, _)
  local had = threads[1]:get("counts")
  local p50, p95, p99, worst = percentiles(threads[1]:get("accepted"))
  local errors = summary.errors
  local lost = errors.read + errors.write + errors.connect
  local late = math.max(0, math.floor(had.last / 1e3 * rate) - had.sent)
  local refused50, _, refused99, _ = percentiles(threads[1]:get("refused"))
  io.write(string.format(
    '{"sent":%d,"seconds":%.6f,"refused":%d,"failed":%d,"unsent":%d,"p50":%.1f,"p95":%.1f,"p99":%.1f,"worst":%.1f,'
      .. '"refused_p50":%.1f,"refused_p99":%.1f}\n',
    had.answered, summary.duration / 1e6, had.refused, had.failed + lost, late, p50, p95, p99, worst, refused50, refused99))
end
