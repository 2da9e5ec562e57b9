-- Prints the milliseconds that the SHA-256 of 100 MB takes, and the digest.

local data = ("0123456789abcdef"):rep(100 * 1000 * 1000 // 16)
local hash = ba.crypto.hash "sha256"
hash "warm" ()
collectgarbage() -- giving back what `rep` has used on its way takes as long as half a digest

local start = ba.clock()
local digest = hash(data)(true, "hex")
print(ba.clock() - start)
print(digest)
