-- Every write of an owner: refused unless the lease is still its own, then SET and PUBLISH in one step, so
-- that no reader can see one without the other.
--
-- KEYS[1]   the lease                 ARGV[1]  holder id
-- KEYS[2]   its number                ARGV[2]  our number
-- KEYS[i]   a key to set              ARGV[3]  its time to live in milliseconds
--                                     ARGV[4]  time to live of `last:` keys in seconds
-- then for each KEYS[i], i >= 3, three arguments: the value ('' deletes), the `last:` key or '',
-- the channel or ''.
-- Returns 1, or 0 if the lease is missing or another's, or the number is past.
if redis.call('GET', KEYS[1]) ~= ARGV[1] or redis.call('GET', KEYS[2]) ~= ARGV[2] then
  return 0
end
local at = 5
for i = 3, #KEYS do
  local value, last, channel = ARGV[at], ARGV[at + 1], ARGV[at + 2]
  if value == '' then
    redis.call('DEL', KEYS[i])
  else
    redis.call('SET', KEYS[i], value, 'PX', ARGV[3])
  end
  if last ~= '' then
    redis.call('SET', last, value, 'EX', ARGV[4])
  end
  if channel ~= '' then
    redis.call('PUBLISH', channel, value)
  end
  at = at + 3
end
return 1
