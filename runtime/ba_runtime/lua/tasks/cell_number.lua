-- The number of a cell as events and the socket table have it: 0 where there is none.

return function(cell)
  return cell and cell.id or 0
end
