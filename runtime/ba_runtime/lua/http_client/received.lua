-- What was received of a response's body and has not been read yet: `pieces` as they came, of which the first `taken`
-- bytes were read since, and `bytes` are left.
--
-- A piece is cut only by what is read of it, not by what is left: a body that is read in small parts would otherwise be
-- copied for each of them.

local concat, sub = table.concat, string.sub

local received = {}

function received.new()
  return {pieces = {}, taken = 0, bytes = 0}
end

function received.add(B, piece)
  B.pieces[#B.pieces + 1] = piece
  B.bytes = B.bytes + #piece
end

-- Returns all that is left, and leaves it there.
function received.rest(B)
  return sub(concat(B.pieces), B.taken + 1)
end

-- Takes the next `n` bytes, of which there must be so many.
function received.take(B, n)
  if #B.pieces > 1 then
    B.pieces, B.taken = {received.rest(B)}, 0
  end
  local piece, before = B.pieces[1], B.taken
  B.taken, B.bytes = before + n, B.bytes - n
  if B.bytes == 0 then
    B.pieces, B.taken = {}, 0
  end
  return sub(piece, before + 1, before + n)
end

return received
