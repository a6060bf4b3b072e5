-- Gives one back, as in gcra.rs. Needs `now` in microseconds.
-- KEYS[1]: where the theoretical arrival time is kept
-- ARGV[1]: the interval in microseconds
local arrival = tonumber(redis.call('GET', KEYS[1]) or now) or now
local earlier = arrival - tonumber(ARGV[1])
if earlier > now then
  redis.call('SET', KEYS[1], string.format('%.0f', earlier), 'PX', math.ceil((earlier - now) / 1000))
else
  redis.call('DEL', KEYS[1])
end
