-- The generic cell rate algorithm, as in gcra.rs. Needs `now` in microseconds.
-- KEYS[i]: where the theoretical arrival time of limit i is kept
-- ARGV[2i-1]: its interval, ARGV[2i]: its burst, in microseconds
-- Takes one from every limit or from none. Answers {1, how many more at once of each ...} or
-- {0, microseconds to wait, the limit to wait for longest, counted from zero}.
local arrivals, wait, longest = {}, 0, 0
for i, key in ipairs(KEYS) do
  local latest = now + tonumber(ARGV[2 * i])
  local arrival = tonumber(redis.call('GET', key) or now) or now
  arrivals[i] = math.min(math.max(arrival, now), latest) + tonumber(ARGV[2 * i - 1])
  if arrivals[i] - latest > wait then
    wait, longest = arrivals[i] - latest, i - 1
  end
end
if wait > 0 then
  return {0, wait, longest}
end
local answer = {1}
for i, key in ipairs(KEYS) do
  local latest = now + tonumber(ARGV[2 * i])
  redis.call('SET', key, string.format('%.0f', arrivals[i]), 'PX', math.ceil((arrivals[i] - now) / 1000))
  answer[i + 1] = math.floor((latest - arrivals[i]) / tonumber(ARGV[2 * i - 1]))
end
return answer
