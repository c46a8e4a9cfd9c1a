-- wrk: registrations, each of somebody else; TOKEN comes from the environment.
local threads = 0

function setup(thread)
  thread:set("number", threads)
  threads = threads + 1
end

function init(_)
  math.randomseed(os.time() * 1000 + number)
  prefix = string.format("%d-%d-%d", os.time(), math.random(1, 1000000000), number)
  count = 0
  given = { "Anna", "Bert", "Chloe", "Dirk", "Ella", "Finn", "Gina", "Hugo", "Iris", "Jan", "Karl", "Lena", "Mika", "Nora", "Otto", "Pia" }
  family = { "Smith", "Jansen", "Garcia", "Kowalski", "Rossi", "Silva", "Novak", "Dubois", "Meyer", "Yilmaz", "Petrov", "Larsen" }
  wrk.method = "POST"
  wrk.headers["Content-Type"] = "application/json"
  wrk.headers["Authorization"] = "Bearer " .. os.getenv("TOKEN")
end

function request()
  count = count + 1
  local name = given[math.random(#given)] .. " " .. family[math.random(#family)]
  local body = string.format(
    '{"name":"%s","email":"p%s-%d@example.org","address":"%d High Street, Springfield","dateOfBirth":"19%02d-%02d-%02d"}',
    name, prefix, count, math.random(1, 999), math.random(30, 99), math.random(1, 12), math.random(1, 28))
  return wrk.format(nil, "/api/patients", nil, body)
end

function done(summary, latency, _)
  io.write(string.format("requests=%d errors=%d p50=%.2fms p99=%.2fms\n", summary.requests,
    summary.errors.status + summary.errors.read + summary.errors.write + summary.errors.timeout,
    latency:percentile(50) / 1000, latency:percentile(99) / 1000))
end
