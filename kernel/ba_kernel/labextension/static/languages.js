// The languages of the two kinds of text, for CodeMirror: "ba-lua", the text of a cell or a program, and
// "lsp", a page.
//
// A parser of our own cuts the text into pieces (pieces.js), which takes no time worth saving. CodeMirror's
// mixed parsing then has each piece of Lua read by a stream parser over lua_tokens.js, and the HTML of a
// page, with its CSS and JavaScript, by the front end's own parser for HTML: as one text, with gaps where the
// Lua is.

import { makeIndentation } from "./indentation.js";
import { GLOBALS, PAGE_GLOBALS, readToken, startState } from "./lua_tokens.js";
import { cellPieces, pagePieces } from "./pieces.js";

const INDENT_COLUMNS = 2;

const LUA_DATA = {
  commentTokens: { line: "--", block: { open: "--[[", close: "]]" } },
  indentOnInput: /^\s*(?:end|else|elseif|until|then|do|[)\]}]|\?>)$/,
};
const HTML_DATA = { commentTokens: { block: { open: "<!--", close: "-->" } } };

// Returns the two languages, as the front end's registry takes them. `shared` are the front end's modules.
//
// The built-in language "lua" stays what it is. Ours is chosen by name for notebooks of our kernel, which
// sends the name, and for files by the ending of theirs.
export function makeLanguages(shared, registry) {
  return [
    language(shared, registry, {
      name: "ba-lua",
      displayName: "Lua (ba.socket)",
      mime: "text/x-ba-lua",
      filename: /\.lua$/i,
      data: LUA_DATA,
      split: cellPieces,
    }),
    language(shared, registry, {
      name: "lsp",
      displayName: "Lua Server Page",
      mime: "text/x-lua-server-page",
      extensions: ["lsp"],
      data: HTML_DATA,
      split: pagePieces,
    }),
  ];
}

function language(shared, registry, { name, displayName, mime, filename, extensions, data, split }) {
  const load = async () => makeSupport(shared, await htmlSupport(registry), name, data, split);
  return { name, displayName, mime, filename, extensions, load };
}

// Returns what the front end has for HTML, or undefined: a page's HTML is plain text then.
async function htmlSupport(registry) {
  try {
    return (await registry.getLanguage("text/html"))?.support;
  } catch (problem) {
    console.warn("ba-lua-kernel: the HTML of pages has no colours.", problem);
    return undefined;
  }
}

function makeSupport(shared, html, name, data, split) {
  const { defineLanguageFacet, indentService, indentUnit, Language, LanguageSupport } =
    shared["@codemirror/language"];
  const { Prec } = shared["@codemirror/state"];
  const facet = defineLanguageFacet(data);
  const parser = makeParser(shared, facet, split, html?.language.parser);
  const extensions = [
    // Lua's own convention, over the front end's setting for everything.
    Prec.highest(indentUnit.of(" ".repeat(INDENT_COLUMNS))),
    indentService.of(makeIndentation(split)),
    html?.support ?? [],
  ];
  return new LanguageSupport(new Language(facet, parser, [], name), extensions);
}

// ---- parsing

function makeParser(shared, facet, split, htmlParser) {
  const { languageDataProp, StreamLanguage } = shared["@codemirror/language"];
  const { NodeSet, NodeType, parseMixed, Parser } = shared["@lezer/common"];
  const { styleTags, tags } = shared["@lezer/highlight"];

  const names = ["Text", "Comment", "Magic", "MagicName", "Lua", "Plain", "Page", "Html", "Tag", "Code"];
  const types = new NodeSet(names.map((name, id) => NodeType.define({ id, name, top: id === 0 }))).extend(
    languageDataProp.add({ Text: facet }),
    styleTags({ Comment: tags.lineComment, MagicName: tags.meta, Tag: tags.processingInstruction }),
  ).types;
  const typeOf = Object.fromEntries(types.map((type) => [type.name, type]));
  const lua = (globals) =>
    StreamLanguage.define({
      name: "lua",
      startState: () => startState(),
      copyState: (state) => ({ ...state }),
      token: (stream, state) => readToken(stream, state, globals),
      languageData: LUA_DATA,
    }).parser;
  const cellLua = lua(GLOBALS);
  const pageLua = lua(new Set([...GLOBALS, ...PAGE_GLOBALS]));

  const wrap = parseMixed(({ type }) => {
    switch (type) {
      case typeOf.Lua:
        return { parser: cellLua };
      case typeOf.Code:
        return { parser: pageLua };
      case typeOf.Page:
        return htmlParser ? { parser: htmlParser, overlay: (inner) => inner.type === typeOf.Html } : null;
      default:
        return null;
    }
  });
  return new (class extends Parser {
    createParse(input, fragments, ranges) {
      return wrap(new PiecesParse(shared, typeOf, split, input, ranges), input, fragments, ranges);
    }

    hasWrappers() {
      return true;
    }
  })();
}

// One run over a text. All of it is done at once: to find the pieces is nothing compared with what is done in
// them.
class PiecesParse {
  constructor(shared, typeOf, split, input, ranges) {
    this.tree = shared["@lezer/common"].Tree;
    this.typeOf = typeOf;
    this.split = split;
    this.input = input;
    this.from = ranges[0].from;
    this.to = ranges.at(-1).to;
    this.parsedPos = this.from;
    this.stoppedAt = null;
  }

  advance() {
    const end = Math.min(this.to, this.stoppedAt ?? this.to);
    const pieces = this.split(this.input.read(this.from, end));
    this.parsedPos = end;
    return this.node(
      "Text",
      0,
      end - this.from,
      pieces.map((piece) => this.pieceNode(piece)),
    );
  }

  stopAt(position) {
    this.stoppedAt = position;
  }

  pieceNode({ kind, from, to, nameEnd, parts = [] }) {
    const children =
      kind === "magic" ? [this.node("MagicName", from, nameEnd)] : parts.map((part) => this.pieceNode(part));
    return this.node(kind[0].toUpperCase() + kind.slice(1), from, to, children);
  }

  // Returns a node and where it is; `children` are such pairs too.
  node(name, from, to, children = []) {
    const tree = new this.tree(
      this.typeOf[name],
      children.map(({ tree }) => tree),
      children.map((child) => child.from - from),
      to - from,
    );
    return name === "Text" ? tree : { tree, from };
  }
}
