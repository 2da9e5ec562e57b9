-- `ba.aesencode` and `ba.aesdecode`: data as text that only the same secret opens, for cookies and the like.
--
-- Only what they are for is known, not what the server writes, so what one writes only the other reads. It is AES-256
-- in GCM under the SHA-256 of the secret: a nonce, the data and the tag, in Base64 for URLs. A text that was changed
-- does not open. The nonce is the system's, also after `ba.rndseed`: one that comes twice would give the secret away.

local import = ...
local check = import "check"
local host = import "host"

local select, sub = select, string.sub

local MODE <const> = "GCM"
local NONCE_BYTES <const> = 12
local TAG_BYTES <const> = 16

local envelope = {}

-- aesencode(secret, data) → text
function envelope.aesencode(...)
  local count, secret, data = select("#", ...), ...
  secret, data = check.string(1, secret, count), check.string(2, data, count)
  local nonce = host.urandom(NONCE_BYTES)
  local sealed, tag = host.crypto_seal(MODE, host.crypto_digest("sha256", secret), nonce, "", data, false)
  return host.b64urlencode(nonce .. sealed .. tag, false)
end

-- aesdecode(secret, text) → data, nil for what this secret does not open
function envelope.aesdecode(...)
  local count, secret, text = select("#", ...), ...
  secret, text = check.string(1, secret, count), check.string(2, text, count)
  local whole = host.b64decode(text)
  if #whole < NONCE_BYTES + TAG_BYTES then
    return nil
  end
  local nonce, sealed, tag = sub(whole, 1, NONCE_BYTES), sub(whole, NONCE_BYTES + 1, -TAG_BYTES - 1),
    sub(whole, -TAG_BYTES)
  return (host.crypto_unseal(MODE, host.crypto_digest("sha256", secret), nonce, "", sealed, tag, false))
end

return envelope
