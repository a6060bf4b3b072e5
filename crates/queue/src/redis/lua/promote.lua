-- Moves pushed jobs to where they are fetched from, oldest first; how many. apalis schedules every job for the second in
-- which it was pushed, by the clock of the pushing node. Nothing here is meant for later, and a clock that is ahead must
-- not hide jobs from the others. In pieces: Lua hands about 8,000 values to a command at most.
--
-- KEYS: 1 scheduled jobs (sorted set), 2 active jobs (list)
local moved = 0
while true do
    local ids = redis.call('zrange', KEYS[1], 0, 499)
    if #ids == 0 then
        return moved
    end
    redis.call('rpush', KEYS[2], unpack(ids))
    redis.call('zrem', KEYS[1], unpack(ids))
    moved = moved + #ids
end
