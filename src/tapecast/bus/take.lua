-- Become the owner, in one step: between two calls the lease could expire and change hands.
--
-- KEYS[1]  the lease                      ARGV[1]  holder id
-- KEYS[2]  the highest number given out   ARGV[2]  a lease's time in milliseconds
--                                         ARGV[3]  the highest number that the caller has ever seen
--                                         ARGV[4]  '1' if a Redis that may have forgotten an owner will not do:
--                                         ARGV[5]  one that has not been up for so many seconds,
--                                         ARGV[6]  unless its run id is this,
--                                         ARGV[7]  or one that has lost this number
-- Returns what came of it, the number, Redis's time in microseconds, and its run id. 1: it is ours now; 0: it is
-- another's; -1: this Redis was restarted or emptied, and may have forgotten an owner.
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local holder = redis.call('GET', KEYS[1])
local text = redis.call('GET', KEYS[2]) or '0'
local server = redis.call('INFO', 'server')
local run_id = string.match(server, 'run_id:(%w+)')
local uptime = tonumber(string.match(server, 'uptime_in_seconds:(-?%d+)'))
-- What another program wrote here counts as nothing; no number of ours comes near to what Redis can count.
local old = #text <= 18 and string.match(text, '^%d+$') and tonumber(text) or 0
if holder and holder ~= ARGV[1] then
  -- Redis counts by a wall clock. Set back, it would keep a dead owner's lease for as long; whoever lives
  -- renews it in time.
  local left = redis.call('PTTL', KEYS[1])
  if left < 0 or left > tonumber(ARGV[2]) then
    redis.call('PEXPIRE', KEYS[1], ARGV[2])
  end
  return {0, text, now, run_id}
end
local seen = tonumber(ARGV[3])
local is_young = uptime < tonumber(ARGV[5]) and run_id ~= ARGV[6]
if not holder and ARGV[4] == '1' and (is_young or old < tonumber(ARGV[7])) then
  return {-1, text, now, run_id}
end
if now > old and now > seen then
  redis.call('SET', KEYS[2], string.format('%.0f', now))
else
  -- Above what a Redis that was emptied has forgotten and we have not: readers drop what is below it.
  if seen > old then
    redis.call('SET', KEYS[2], ARGV[3])
  end
  -- Two on: the one between may be what the last owner went on to.
  redis.call('INCRBY', KEYS[2], 2)
end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return {1, redis.call('GET', KEYS[2]), now, run_id}
