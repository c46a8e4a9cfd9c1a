-- wrk: send the requests of a corpus (corpus.py) one after another, over and over. CORPUS, TOKEN and RUN come from the
-- environment; RUN is six digits that no other run has. At the end it prints one line of JSON.
local unique = string.rep("@", 16)
local requests, sent = {}, 0

function init(_)
  for line in io.lines(os.getenv("CORPUS")) do
    local method, path, kind, match, body = line:match("^([^\t]*)\t([^\t]*)\t([^\t]*)\t([^\t]*)\t([^\t]*)$")
    local headers = { ["Authorization"] = "Bearer " .. os.getenv("TOKEN") }
    if kind ~= "" then headers["Content-Type"] = kind end
    if match ~= "" then headers["If-Match"] = match end
    if body == "" then body = nil end
    local whole = wrk.format(method, path, headers, body)
    local from, to = whole:find(unique, 1, true)
    if from then
      requests[#requests + 1] = { whole:sub(1, from - 1), whole:sub(to + 1) }
    else
      requests[#requests + 1] = whole
    end
  end
end

function request()
  local one = requests[sent % #requests + 1]
  sent = sent + 1
  if type(one) == "string" then return one end
  return one[1] .. os.getenv("RUN") .. string.format("%010d", sent) .. one[2]
end

function done(summary, latency, _)
  local errors = summary.errors
  io.write(string.format(
    '{"sent":%d,"seconds":%.6f,"failed":%d,"p50":%.3f,"p95":%.3f,"p99":%.3f,"worst":%.3f}\n',
    summary.requests, summary.duration / 1e6, errors.status + errors.read + errors.write + errors.timeout + errors.connect,
    latency:percentile(50) / 1000, latency:percentile(95) / 1000, latency:percentile(99) / 1000, latency.max / 1000))
end
