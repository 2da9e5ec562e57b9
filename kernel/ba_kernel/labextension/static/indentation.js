// Where a line of a cell, a program or a page begins: what CodeMirror asks of an "indent service".
//
// In Lua it is ours (lua_indent.js), in HTML the front end's own.

import { Indenter } from "./lua_indent.js";

// All lines before a line decide where it begins. Behind this many characters it begins where the one before
// it does.
const LOOK_BACK = 100_000;

// Returns the service for a kind of text, which `split` takes apart. It is called with a context and a position
// in the line, and returns a column; null for "as the line before"; or undefined for "ask somebody else".
export function makeIndentation(split) {
  // CodeMirror asks with one context for all lines of a selection, from the first to the last.
  const readers = new WeakMap();
  return (context, position) => {
    const line = context.lineAt(position);
    const text = line.text.trimStart();
    const end = line.from + line.text.length;
    if (end - text.length > LOOK_BACK) {
      return null;
    }
    const piece = pieceAt(split(context.state.sliceDoc(0, end)), end - text.length);
    switch (piece?.kind) {
      case "lua":
      case "code": {
        let reader = readers.get(context);
        if (reader?.from !== piece.from || reader.next > line.from) {
          readers.set(context, (reader = new Reader(context, piece)));
        }
        reader.readTo(line.from);
        return text.startsWith("?>") ? reader.base : reader.indenter.indentation(text);
      }
      case "html":
        return undefined;
      case "plain":
        return null;
      default:
        return 0;
    }
  };
}

// Reads a piece of Lua in the document, line by line.
class Reader {
  constructor(context, { kind, from }) {
    this.context = context;
    this.from = from;
    this.next = from;
    this.base = kind === "code" ? context.lineIndent(from) : 0;
    this.indenter = new Indenter(context.unit, this.base);
  }

  // Reads the lines in front of a position.
  readTo(position) {
    const { state } = this.context;
    while (this.next < position) {
      const { to } = state.doc.lineAt(this.next);
      const text = state.sliceDoc(this.next, Math.min(to, position));
      this.indenter.read(text, this.context.lineIndent(this.next));
      this.next = to + 1;
    }
  }
}

// Returns the piece that a place is in or, between two, the one that a program would go on in.
function pieceAt(pieces, place) {
  const all = pieces
    .flatMap((piece) => piece.parts ?? piece)
    .filter(({ from, to }) => from <= place && place <= to);
  return all.find(({ kind }) => kind === "code") ?? all.at(-1);
}
