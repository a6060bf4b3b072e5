-- The generic cell rate algorithm, as in gcra.rs. Needs `now` in microseconds.
-- KEYS[1]: where the theoretical arrival time is kept
-- ARGV[1]: the interval, ARGV[2]: the burst, in microseconds
-- Answers {1, how many more at once} or {0, microseconds to wait}.
local interval = tonumber(ARGV[1])
local latest = now + tonumber(ARGV[2])
local arrival = tonumber(redis.call('GET', KEYS[1]) or now) or now
arrival = math.min(math.max(arrival, now), latest)
local next = arrival + interval
if next > latest then
  return {0, next - latest}
end
redis.call('SET', KEYS[1], string.format('%.0f', next), 'PX', math.ceil((next - now) / 1000))
return {1, math.floor((latest - next) / interval)}
