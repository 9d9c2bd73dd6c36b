-- For wrk: the figures in one line, requests/s and the percentiles of the time until an answer, in microseconds.
function done(summary, latency, requests)
  io.write(string.format("FIGURES %.0f %.2f %.2f %.2f %d\n", summary.requests / (summary.duration / 1e6),
    latency:percentile(50), latency:percentile(99), latency:percentile(99.9), summary.requests))
end
