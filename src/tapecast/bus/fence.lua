-- Every write of an owner: refused unless the lease is still its own, then SET and PUBLISH in one step, so
-- that no reader can see one without the other.
--
-- KEYS[1]   the lease                 ARGV[1]  holder id
-- KEYS[i]   a key to set              ARGV[2]  its time to live in milliseconds
--                                     ARGV[3]  time to live of `last:` keys in seconds
-- then for each KEYS[i], i >= 2, three arguments: the value ('' deletes), the `last:` key or '',
-- the channel or ''.
-- Returns 1, or 0 if the lease is missing or another's.
if redis.call('GET', KEYS[1]) ~= ARGV[1] then
  return 0
end
local at = 4
for i = 2, #KEYS do
  local value, last, channel = ARGV[at], ARGV[at + 1], ARGV[at + 2]
  if value == '' then
    redis.call('DEL', KEYS[i])
  else
    redis.call('SET', KEYS[i], value, 'PX', ARGV[2])
  end
  if last ~= '' then
    redis.call('SET', last, value, 'EX', ARGV[3])
  end
  if channel ~= '' then
    redis.call('PUBLISH', channel, value)
  end
  at = at + 3
end
return 1
