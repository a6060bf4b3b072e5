-- Says that a worker that fetches no more still runs jobs, if nobody has declared it dead yet.
--
-- KEYS: 1 workers (sorted set by the time of the last sign of life, in seconds)
-- ARGV: 1 the worker
local now = redis.call('time')[1]
return redis.call('zadd', KEYS[1], 'XX', now, ARGV[1])
