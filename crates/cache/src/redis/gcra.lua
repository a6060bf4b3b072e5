-- The generic cell rate algorithm, as in gcra.rs. Needs `now` in microseconds.
-- KEYS[i]: where the theoretical arrival time of limit i is kept
-- ARGV[3i-2]: its interval, ARGV[3i-1]: its burst, in microseconds; ARGV[3i]: how many more are wanted ahead
-- Takes one from every limit or from none. More than one is taken only of what is above half of the burst.
-- Answers {1, how many more at once, how many were taken ahead, and so on for each limit} or
-- {0, microseconds to wait, the limit to wait for longest, counted from zero}.
local arrivals, wait, longest = {}, 0, 0
for i, key in ipairs(KEYS) do
  local latest = now + tonumber(ARGV[3 * i - 1])
  local arrival = tonumber(redis.call('GET', key) or now) or now
  arrivals[i] = math.min(math.max(arrival, now), latest) + tonumber(ARGV[3 * i - 2])
  if arrivals[i] - latest > wait then
    wait, longest = arrivals[i] - latest, i - 1
  end
end
if wait > 0 then
  return {0, wait, longest}
end
local answer = {1}
for i, key in ipairs(KEYS) do
  local interval, burst = tonumber(ARGV[3 * i - 2]), tonumber(ARGV[3 * i - 1])
  local above_half = math.floor((now + burst / 2 - arrivals[i]) / interval)
  local ahead = math.max(0, math.min(tonumber(ARGV[3 * i]), above_half))
  local arrival = arrivals[i] + ahead * interval
  redis.call('SET', key, string.format('%.0f', arrival), 'PX', math.ceil((arrival - now) / 1000))
  answer[2 * i] = math.floor((now + burst - arrival) / interval)
  answer[2 * i + 1] = ahead
end
return answer
