-- Removes a job that is done; 1 if it was still ours. It may have been taken away from a worker that seemed dead: if it
-- waits again it is removed, if somebody else has it they remove it.
--
-- KEYS: 1 the worker's jobs (set), 2 active jobs (list), 3 job data (hash), 4 the job's metadata (hash)
-- ARGV: 1 the job
if redis.call('srem', KEYS[1], ARGV[1]) == 0 and redis.call('lrem', KEYS[2], 0, ARGV[1]) == 0 then
    return 0
end
redis.call('hdel', KEYS[3], ARGV[1])
redis.call('del', KEYS[4])
return 1
