-- Signs a worker off and gives back what it fetched and did not finish; how many jobs.
--
-- KEYS: 1 workers (sorted set), 2 the worker's jobs (set), 3 active jobs (list), 4 the worker's metadata (hash)
-- ARGV: 1 the worker
local ids = redis.call('smembers', KEYS[2])
for _, id in ipairs(ids) do
    -- They are older than what waits.
    redis.call('lpush', KEYS[3], id)
end
redis.call('del', KEYS[2], KEYS[4])
redis.call('zrem', KEYS[1], ARGV[1])
return #ids
