-- The data of the jobs that some worker will find, or has found: those that wait, and those that a worker holds. A job that
-- is in no list has been lost, whatever is left of it.
--
-- KEYS: 1 active jobs (list), 2 job data (hash), 3 workers (sorted set), 4 scheduled jobs (sorted set)
-- ARGV: 1 prefix of the workers' jobs
local ids = redis.call('lrange', KEYS[1], 0, -1)
for _, id in ipairs(redis.call('zrange', KEYS[4], 0, -1)) do
    table.insert(ids, id)
end
for _, worker in ipairs(redis.call('zrange', KEYS[3], 0, -1)) do
    for _, id in ipairs(redis.call('smembers', ARGV[1] .. ':' .. worker)) do
        table.insert(ids, id)
    end
end

local held = {}
for _, id in ipairs(ids) do
    local data = redis.call('hget', KEYS[2], id)
    if data then
        table.insert(held, data)
    end
end
return held
