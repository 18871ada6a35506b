-- wrk script: asks for a random line of the file named after "--", seeded by the second argument; prints one line of JSON at the end.
local paths = {}

function init(arguments)
    for line in io.lines(arguments[1]) do
        paths[#paths + 1] = wrk.format("GET", line)
    end
    math.randomseed(tonumber(arguments[2]))
end

function request()
    return paths[math.random(#paths)]
end

function done(summary, latency)
    local errors = summary.errors
    io.write(string.format(
        '{"requests":%d,"microseconds":%d,"bytes":%d,"bad":%d,"p50":%d,"p99":%d}\n',
        summary.requests, summary.duration, summary.bytes,
        errors.connect + errors.read + errors.write + errors.status + errors.timeout,
        latency:percentile(50), latency:percentile(99)))
end
