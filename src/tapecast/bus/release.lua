-- Give up whatever we hold, also what we took without hearing of it.
--
-- KEYS[1]  the lease     ARGV[1]  holder id
-- KEYS[2]  its number    ARGV[2]  our number, 0 if we never had one
--                        ARGV[3]  two on, above whatever we may have sent
local holder = redis.call('GET', KEYS[1])
if holder and holder ~= ARGV[1] then
  return 0
end
-- A renewal of ours that is still on its way finds a later number, and takes nothing back.
local number = tonumber(redis.call('GET', KEYS[2]) or '0') or 0
if ARGV[2] ~= '0' and number >= tonumber(ARGV[2]) and number < tonumber(ARGV[3]) then
  redis.call('SET', KEYS[2], ARGV[3])
end
return redis.call('DEL', KEYS[1])
