-- Prolong a lease that is ours, or take it back from a Redis that was emptied.
--
-- KEYS[1]  the lease     ARGV[1]  holder id
-- KEYS[2]  its number    ARGV[2]  our number, as we last knew it
--                        ARGV[3]  the one after it
--                        ARGV[4]  a lease's time in milliseconds
--                        ARGV[5]  '1' to go on to the next number
--                        ARGV[6]  Redis's time at which the lease ends, in microseconds
-- Returns the number that is ours now, or '' if the lease is another's or was so meanwhile, and Redis's time.
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local holder = redis.call('GET', KEYS[1])
local text = redis.call('GET', KEYS[2]) or '0'
if holder == ARGV[1] and (text == ARGV[3] or (text == ARGV[2] and ARGV[5] ~= '1')) then
  redis.call('PEXPIRE', KEYS[1], ARGV[4])
  return {text, now}
end
-- Somebody may have owned it since, and Redis may have been emptied after that too: a process that was stopped
-- on its way here is not believed past its time.
local is_known = holder == ARGV[1] or (not holder and now <= tonumber(ARGV[6]))
if not is_known or (tonumber(text) or 0) > tonumber(ARGV[3]) then
  return {'', now}
end
redis.call('SET', KEYS[2], ARGV[3])
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[4])
return {ARGV[3], now}
