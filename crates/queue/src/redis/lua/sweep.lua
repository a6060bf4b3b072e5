-- Makes the parts of the queue agree with each other; how many jobs were dropped. A Redis that ran out of memory or was
-- restored may have lost some of its keys. A job without data ends every worker that fetches it, and a job that is in no
-- list takes up room for ever. Whatever is dropped here is due again in the outbox when its lease ends.
--
-- KEYS: 1 active jobs (list), 2 job data (hash), 3 workers (sorted set), 4 scheduled jobs (sorted set)
-- ARGV: 1 prefix of the jobs' metadata, 2 prefix of the workers' jobs
local dropped = 0
local reachable = {}

local function drop(id)
    redis.call('hdel', KEYS[2], id)
    redis.call('del', ARGV[1] .. ':' .. id)
    dropped = dropped + 1
end

local function whole(id)
    return redis.call('hexists', KEYS[2], id) == 1 and redis.call('hexists', ARGV[1] .. ':' .. id, 'status') == 1
end

for _, id in ipairs(redis.call('lrange', KEYS[1], 0, -1)) do
    if whole(id) then
        reachable[id] = true
    else
        redis.call('lrem', KEYS[1], 0, id)
        drop(id)
    end
end

for _, id in ipairs(redis.call('zrange', KEYS[4], 0, -1)) do
    if whole(id) then
        reachable[id] = true
    else
        redis.call('zrem', KEYS[4], id)
        drop(id)
    end
end

for _, worker in ipairs(redis.call('zrange', KEYS[3], 0, -1)) do
    local held = ARGV[2] .. ':' .. worker
    for _, id in ipairs(redis.call('smembers', held)) do
        if whole(id) then
            reachable[id] = true
        else
            redis.call('srem', held, id)
            drop(id)
        end
    end
end

for _, id in ipairs(redis.call('hkeys', KEYS[2])) do
    if not reachable[id] then
        drop(id)
    end
end

return dropped
