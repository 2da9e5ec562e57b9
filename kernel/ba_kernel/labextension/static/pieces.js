// Takes the text of a cell, a program or a page apart: magics, Lua, and of a page its HTML and the Lua in it.
//
// The rules for a cell are those of the kernel's `_magics.py`: magics stand at its head, between blank lines,
// line comments and questions (`name?`), and the first line of code ends them. Those for a page are the
// server's: Lua goes from `<?lsp` to the next `?>`, wherever that stands.

const OPEN = "<?lsp";
const CLOSE = "?>";
const TOPIC = String.raw`%{0,2}[A-Za-z_]\w*(?:\s*[.:]\s*[A-Za-z_]\w*|\[(?:\d+|"[^"\\\]]*"|'[^'\\\]]*')\])*`;
const QUESTION = new RegExp(`^\\s*(?:\\?\\??[ \\t]*${TOPIC}|${TOPIC}[ \\t]*\\?\\??|\\?)[ \\t;]*$`);
const MAGIC = /^\s*%\S*/;
const COMMENT = /^\s*--(?!\[)/;

// Returns the pieces of a cell or program, in order and without overlaps, each {kind, from, to}. White space
// may lie between them. Kinds are "comment"; "magic", which also has `nameEnd`; and for the rest "lua",
// "plain", or "page", which also has its `parts`.
export function cellPieces(text) {
  const pieces = [];
  let from = 0;
  if (text.startsWith("#!")) {
    from = endOfLine(text, 0);
    pieces.push({ kind: "comment", from: 0, to: from });
    from += 1;
  }
  while (from < text.length) {
    const to = endOfLine(text, from);
    const line = text.slice(from, to);
    const name = MAGIC.exec(line);
    if (name) {
      pieces.push({ kind: "magic", from, to, nameEnd: from + name[0].length });
      const kind = !QUESTION.test(line) && kindBelow(line.trim());
      if (kind) {
        return pieces.concat(rest(kind, text, to));
      }
    } else if (COMMENT.test(line)) {
      pieces.push({ kind: "comment", from, to });
    } else if (QUESTION.test(line)) {
      pieces.push({ kind: "lua", from, to });
    } else if (line.trim()) {
      return pieces.concat(rest("lua", text, from));
    }
    from = to + 1;
  }
  return pieces;
}

// Returns a page as one piece, or as none if it is empty.
export function pagePieces(text) {
  return rest("page", text, 0);
}

// Returns what the lines below a magic are, all of them, or null where more magics may follow.
function kindBelow(magic) {
  const name = magic.split(/\s/, 1)[0];
  if (name === "%%lsp") {
    return "page";
  } else if (name === "%%timeit") {
    return "lua";
  } else if (name === "%%writefile") {
    const file = magic.replace(/["']$/, "");
    return /\.(?:lsp|html?)$/.test(file) ? "page" : /\.lua$/.test(file) ? "lua" : "plain";
  }
  return null;
}

function rest(kind, text, from) {
  if (from >= text.length) {
    return [];
  }
  const piece = { kind, from, to: text.length };
  return [kind === "page" ? { ...piece, parts: pageParts(text, from) } : piece];
}

// Returns the parts of a page: "html", "tag" (the delimiters) and "code", which is Lua.
function pageParts(text, from) {
  const parts = [];
  const add = (kind, from, to) => from < to && parts.push({ kind, from, to });
  while (from < text.length) {
    const open = indexOf(text, OPEN, from);
    add("html", from, open);
    const code = Math.min(text.length, open + OPEN.length + (text[open + OPEN.length] === "=" ? 1 : 0));
    const close = indexOf(text, CLOSE, code);
    from = Math.min(text.length, close + CLOSE.length);
    add("tag", open, code);
    add("code", code, close);
    add("tag", close, from);
  }
  return parts;
}

const endOfLine = (text, from) => indexOf(text, "\n", from);

function indexOf(text, what, from) {
  const found = text.indexOf(what, from);
  return found < 0 ? text.length : found;
}
