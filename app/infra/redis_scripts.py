"""What Redis does in one step: its scripts, which see neither half of a batch nor a dead worker's writes.

The keys of APPLY and RESTORE are the shard's checkpoint and epoch, then those that are written. TOP takes the
checkpoint, the mark of when the unions were made, a key for each union, and the sets of all unions in turn.
"""

_FENCE = """
local epoch = tonumber(redis.call('GET', KEYS[2]) or '0')
if epoch > tonumber(ARGV[1]) then return 'fenced' end
"""

_WRITE = """
for n = 3, #KEYS do
    local places = tonumber(ARGV[a])
    if places == 0 then
        redis.call('SET', KEYS[n], ARGV[a + 1])
        a = a + 2
    else
        for p = a + 1, a + 2 * places, 2 do
            if tonumber(ARGV[p]) == 0 then redis.call('ZREM', KEYS[n], ARGV[p + 1])
            else redis.call('ZADD', KEYS[n], ARGV[p], ARGV[p + 1]) end
        end
        a = a + 2 * places + 1
    end
end
"""
"""From argument `a` on, for every key: 0 and a document, or how many places, and score and member of each."""

CLAIM = (
    _FENCE
    + """
redis.call('SET', KEYS[2], ARGV[1])
return redis.call('GET', KEYS[1])
"""
)

APPLY = (
    _FENCE
    + """
if redis.call('GET', KEYS[1]) ~= ARGV[2] then return 'lost' end
local a = 5
"""
    + _WRITE
    + """
redis.call('SET', KEYS[2], ARGV[1])
redis.call('SET', KEYS[1], ARGV[3])
redis.call('PUBLISH', ARGV[4], ARGV[3])
return 'applied'
"""
)

RESTORE = (
    _FENCE
    + """
redis.call('SET', KEYS[2], ARGV[1])
redis.call('DEL', KEYS[1])
local a = 2
"""
    + _WRITE
    + """
return 'restored'
"""
)

OPEN = (
    _FENCE
    + """
redis.call('SET', KEYS[1], ARGV[2])
redis.call('PUBLISH', ARGV[3], ARGV[2])
return 'open'
"""
)

TOP = """
local checkpoint = redis.call('GET', KEYS[1])
if not checkpoint then return {} end
local unions, most, kept_ms, wanted = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local made_at = redis.call('GET', KEYS[2])
local make = not made_at or tonumber(made_at) < wanted or tonumber(made_at) > tonumber(checkpoint)
if make then
    made_at = checkpoint
    redis.call('SET', KEYS[2], made_at, 'PX', math.max(kept_ms, 1))
end
local sets, first = {}, 3 + unions
for u = 1, unions do
    local count = tonumber(ARGV[4 + u])
    sets[u] = count == 1 and KEYS[first] or KEYS[2 + u]
    if make and count > 1 then
        redis.call('ZUNIONSTORE', sets[u], count, unpack(KEYS, first, first + count - 1))
        redis.call('PEXPIRE', sets[u], kept_ms + 1000)
    end
    first = first + count
end
local top = redis.call('ZREVRANGE', sets[1], 0, most - 1, 'WITHSCORES')
local answer = {made_at, top}
if #top > 0 then
    local members = {}
    for m = 1, #top, 2 do members[#members + 1] = top[m] end
    for u = 2, unions do answer[#answer + 1] = redis.call('ZMSCORE', sets[u], unpack(members)) end
end
return answer
"""
