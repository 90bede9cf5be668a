"""What Redis does in one step: its scripts, which see neither half of a batch nor a dead worker's writes.

The keys of APPLY, PUT and RESTORE are the shard's checkpoint and epoch, then those that are written. TOP takes the
checkpoint, the mark of when the unions were made, a key for each union, and the sets of all unions in turn.
"""

_FENCE = """
local epoch = tonumber(redis.call('GET', KEYS[2]) or '0')
if epoch > tonumber(ARGV[1]) then return 'fenced' end
"""

_WRITE = """
local documents, written = tonumber(ARGV[a]), {}
for n = 1, documents do
    written[#written + 1] = KEYS[2 + n]
    written[#written + 1] = ARGV[a + n]
    if #written == 2000 or n == documents then
        redis.call('MSET', unpack(written))
        written = {}
    end
end
a = a + documents + 1
for n = 3 + documents, #KEYS do
    local last = a + 2 * tonumber(ARGV[a])
    for p = a + 1, last, 2 do
        if tonumber(ARGV[p]) == 0 then redis.call('ZREM', KEYS[n], ARGV[p + 1])
        else redis.call('ZADD', KEYS[n], ARGV[p], ARGV[p + 1]) end
    end
    a = last + 1
end
"""
"""From argument `a` on: how many documents, and these, for the first keys; then for every other key how many places,
and score and member of each. Lua hands over a few thousand arguments at once, not more."""

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
if string.match(redis.call('GET', KEYS[1]) or '', '%d+') ~= ARGV[2] then return 'lost' end
local a = 4
"""
    + _WRITE
    + """
redis.call('SET', KEYS[2], ARGV[1])
redis.call('SET', KEYS[1], ARGV[3])
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

PUT = (
    _FENCE
    + """
redis.call('SET', KEYS[2], ARGV[1])
local a = 2
"""
    + _WRITE
    + """
return 'put'
"""
)

SUSPEND = (
    _FENCE
    + """
if redis.call('EXISTS', KEYS[1]) == 0 then return 'lost' end
redis.call('SET', KEYS[1], ARGV[2])
return 'suspended'
"""
)

OPEN = (
    _FENCE
    + """
redis.call('SET', KEYS[1], ARGV[2])
return 'open'
"""
)

TOP = """
local checkpoint, state = string.match(redis.call('GET', KEYS[1]) or '', '(%d+)(%a?)')
if not checkpoint or state == 'a' then return {} end
local unions, most, kept_ms, wanted = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local first, firsts = 3 + unions, {}
for u = 1, unions do
    firsts[u] = first
    first = first + tonumber(ARGV[4 + u])
end
local alone = ARGV[5] == '1'
local ranking = alone and KEYS[firsts[1]] or KEYS[3]

local made_at, depth = string.match(redis.call('GET', KEYS[2]) or '', '(%d+):(%d+)')
local made = made_at and tonumber(made_at) >= wanted and tonumber(made_at) <= tonumber(checkpoint)
if alone or not made or tonumber(depth) < most then
    made_at, depth = checkpoint, math.max(most, 100)
    if ARGV[5] == '0' then
        redis.call('DEL', ranking)
    elseif not alone then
        redis.call('ZUNIONSTORE', ranking, ARGV[5], unpack(KEYS, firsts[1], firsts[1] + ARGV[5] - 1))
        redis.call('PEXPIRE', ranking, kept_ms + 1000)
    end
    local members = unions > 1 and redis.call('ZREVRANGE', ranking, 0, depth - 1) or {}
    for u = 2, unions do
        local sums = {}
        for k = firsts[u], #members > 0 and firsts[u] + ARGV[4 + u] - 1 or 0 do
            for m, score in ipairs(redis.call('ZMSCORE', KEYS[k], unpack(members))) do
                if score then sums[m] = (sums[m] or 0) + tonumber(score) end
            end
        end
        redis.call('DEL', KEYS[2 + u])
        for m, sum in pairs(sums) do redis.call('ZADD', KEYS[2 + u], string.format('%.17g', sum), members[m]) end
        redis.call('PEXPIRE', KEYS[2 + u], kept_ms + 1000)
    end
    redis.call('SET', KEYS[2], made_at .. ':' .. depth, 'PX', math.max(kept_ms, 1))
end

local top = redis.call('ZREVRANGE', ranking, 0, most - 1, 'WITHSCORES')
local answer = {made_at .. state, top}
if #top > 0 then
    local members = {}
    for m = 1, #top, 2 do members[#members + 1] = top[m] end
    for u = 2, unions do answer[#answer + 1] = redis.call('ZMSCORE', KEYS[2 + u], unpack(members)) end
end
return answer
"""
"""Only the first union is made whole: of the others, sums are needed for those alone who lead in it. A first union of
one set is that set, as it is now, so nothing that was made for it before is of use."""
