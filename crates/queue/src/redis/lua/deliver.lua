-- Counts a delivery of a job; how many there were, or 0 if the job is gone. apalis does not count a delivery whose
-- worker died.
--
-- KEYS: 1 the job's metadata (hash)
if redis.call('exists', KEYS[1]) == 0 then
    return 0
end
return redis.call('hincrby', KEYS[1], 'attempts', 1)
