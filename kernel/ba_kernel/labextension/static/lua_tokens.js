// Lua 5.4, one token at a time: what each token is, and which blocks are open behind it.
//
// `readToken(stream, state)` is the heart of a CodeMirror StreamParser. The stream is one line of text; the
// state is everything that a line needs to know about those before it. `state.block` is the innermost open
// block, a linked list that is never changed in place, so that copying a state costs nothing:
//
//   {kind, indent, inner, outer}
//
// `kind` is the opening token, `indent` the indentation of its line, `inner` that of the first line inside,
// null if there is none yet. The head of a block (`if a and b`) is a block too, of the kind "if", "for" or
// "while", until `then` or `do` makes it one of their kind. lua_indent.js reads these.

const words = (text) => new Set(text.split(" "));

const KEYWORDS = words(
  "break do else elseif end for function goto if in local repeat return then until while",
);
const OPERATORS = words("and not or");
const VALUES = new Map([
  ["nil", "null"],
  ["true", "bool"],
  ["false", "bool"],
  ["self", "self"],
]);

// What a program finds in its globals: Lua's, the server's, and the notebook's.
export const GLOBALS = words(
  "_ENV _G _VERSION assert collectgarbage coroutine debug dofile error getmetatable io ipairs load " +
    "loadfile math next os package pairs pcall print rawequal rawget rawlen rawset require select " +
    "setmetatable string table tonumber tostring type utf8 warn xpcall " +
    "ba mako trace tracep clear_output display",
);
// What a page finds besides.
export const PAGE_GLOBALS = words("_emit app dir page pathname relpath request response");

const NAME = /^[A-Za-z_]\w*/;
const HEXADECIMAL = /^0[xX](?:[\da-fA-F]+\.?[\da-fA-F]*|\.[\da-fA-F]+)(?:[pP][+-]?\d+)?/;
const DECIMAL = /^(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?/;
const LONG = /^\[(=*)\[/;
const LABEL = /^::\s*[A-Za-z_]\w*\s*::/;
const ATTRIBUTE = /^<\s*(?:const|close)\s*>/;
const ESCAPE = /^\\(?:[abfnrtv\\"']|x[\da-fA-F]{2}|\d{1,3}|u\{[\da-fA-F]+\})/;
const SYMBOL = /^(?:\.{1,3}|\/\/|<<|>>|[=~<>]=|::|[-+*/%^#&~|<>=(){}[\];:,])/;
const IS_KEY = /^\s*=(?!=)/;

const BRACKETS = {
  "(": "paren",
  ")": "paren",
  "[": "squareBracket",
  "]": "squareBracket",
  "{": "brace",
  "}": "brace",
};
const STYLES = {
  ...BRACKETS,
  ",": "separator",
  ";": "separator",
  ".": "derefOperator",
  ":": "derefOperator",
  "...": "variableName.special",
};
const PARTNERS = { ")": "(", "]": "[", "}": "{" };
const AMONG_LOCALS = words("name ,");
const IN_FUNCTION_NAME = words("name . :");
const CLOSERS = words(") ] } end else elseif until");
const ENDED_BY_END = words("do for function if then while");
// Deeper nesting is not looked through for the partner of a closing token.
const DEEPEST = 200;

// Returns the state in front of a first line. `indent` is the indentation that its lines have, in columns.
export function startState(indent = 0) {
  return {
    open: null, // a string or comment that is not closed yet: {style, close}, `close` being what closes it
    block: { kind: "", indent, inner: null, outer: null },
    before: "", // the last symbol or keyword; "name" for a name, "value" for anything else
    isLocal: false, // among the names that follow `local`
    isDefining: false, // among the names that follow `function`
    isStandard: false, // behind a name of the library, whose fields are the library's too
    isLineStart: true,
    lineIndent: indent,
  };
}

// Reads one token and returns its style, in the words of CodeMirror's StreamParser, or null for white space.
// `globals` are the names to be shown as the library's.
export function readToken(stream, state, globals = GLOBALS) {
  if (stream.sol()) {
    state.isLineStart = true;
    state.lineIndent = stream.indentation();
  }
  if (state.open) {
    return readOpen(stream, state);
  } else if (stream.eatSpace()) {
    return null;
  } else if (stream.match("--")) {
    return readComment(stream, state);
  }
  const style = readCode(stream, state, globals);
  state.isLineStart = false;
  return style;
}

function readComment(stream, state) {
  const long = stream.match(LONG);
  if (long) {
    state.open = { style: "blockComment", close: `]${long[1]}]` };
    return readOpen(stream, state);
  }
  stream.skipToEnd();
  return "lineComment";
}

function readCode(stream, state, globals) {
  const [long, quote] = [stream.match(LONG), stream.match(/^["']/, false)];
  if (long || quote) {
    see(state, "value");
    if (long) {
      state.open = { style: "string", close: `]${long[1]}]` };
      return readOpen(stream, state);
    }
    state.open = { style: "quoted", close: stream.next() };
    return endQuoted(stream, state, "string");
  } else if (stream.match(HEXADECIMAL) || stream.match(DECIMAL)) {
    see(state, "value");
    return "number";
  } else if (state.isLocal && stream.match(ATTRIBUTE)) {
    return "modifier";
  } else if (stream.match(LABEL)) {
    see(state, "::");
    return "labelName";
  }
  const name = stream.match(NAME);
  if (name) {
    return readName(stream, state, name[0], globals);
  }
  const symbol = stream.match(SYMBOL);
  if (symbol) {
    see(state, symbol[0]);
    return STYLES[symbol[0]] ?? "operator";
  }
  see(state, "value");
  if (stream.match(/^\?+/)) {
    return "meta"; // a question to the kernel: `name?` or `?name`
  }
  stream.match(/^./u);
  return "invalid";
}

// ---- strings and comments over lines

function readOpen(stream, state) {
  const { style, close } = state.open;
  if (style === "quoted") {
    return readQuoted(stream, state, close);
  }
  const rest = stream.string.indexOf(close, stream.pos);
  if (rest < 0) {
    stream.skipToEnd();
  } else {
    stream.pos = rest + close.length;
    state.open = null;
  }
  return style;
}

function readQuoted(stream, state, quote) {
  if (stream.match(quote)) {
    state.open = null;
    return "string";
  } else if (stream.match(/^\\(?:z\s*)?$/)) {
    return "string.special"; // and the string goes on in the next line
  } else if (stream.match(/^\\z\s*/) || stream.match(ESCAPE)) {
    return endQuoted(stream, state, "string.special");
  } else if (stream.match(/^\\./u)) {
    return endQuoted(stream, state, "invalid");
  }
  stream.match(quote === '"' ? /^[^"\\]+/ : /^[^'\\]+/);
  return endQuoted(stream, state, "string");
}

// At the end of a line the closing quote is missing, and the next line is code again.
function endQuoted(stream, state, style) {
  if (stream.eol()) {
    state.open = null;
  }
  return style;
}

// ---- names

function readName(stream, state, name, globals) {
  const { before, isStandard } = state;
  if (KEYWORDS.has(name)) {
    see(state, name);
    return "keyword";
  } else if (OPERATORS.has(name)) {
    see(state, name);
    return "operatorKeyword";
  } else if (before === "." || before === ":") {
    const [isDefining, isLibrary] = [state.isDefining, isStandard && before === "."];
    see(state, "name");
    state.isStandard = isLibrary;
    return isDefining ? "propertyName.definition" : isLibrary ? "variableName.standard" : "propertyName";
  } else if (before === "goto") {
    see(state, "value");
    return "labelName";
  }
  const isKey = state.block.kind === "{" && stream.match(IS_KEY, false);
  const isDefining = state.isDefining && before === "function";
  see(state, "name");
  if (isKey) {
    return "propertyName";
  } else if (isDefining) {
    return "variableName.definition";
  }
  state.isStandard = globals.has(name);
  return VALUES.get(name) ?? (state.isStandard ? "variableName.standard" : "variableName");
}

// ---- blocks

// Takes a token into the state: a symbol, a keyword, "name" or "value".
function see(state, token) {
  const isCloser = CLOSERS.has(token);
  if (state.isLineStart && !isCloser && state.block.inner === null) {
    state.block = { ...state.block, inner: state.lineIndent };
  }
  state.isLocal = token === "local" || (state.isLocal && AMONG_LOCALS.has(token));
  state.isDefining = token === "function" || (state.isDefining && IN_FUNCTION_NAME.has(token));
  state.isStandard = state.isStandard && token === ".";
  state.before = token;
  state.block = isCloser ? closed(state.block, token) : opened(state, token);
}

function opened({ block, lineIndent }, token) {
  const inside = { kind: token, indent: lineIndent, inner: null, outer: block };
  switch (token) {
    case "do": // of a loop, or a block of its own
      return isLoopHead(block) ? { ...block, kind: "do", inner: null } : inside;
    case "then": // the lines of a long condition say nothing about those of the block
      return block.kind === "if" ? { ...block, kind: "then", inner: null } : block;
    case "function":
    case "if":
    case "for":
    case "while":
    case "repeat":
    case "(":
    case "[":
    case "{":
      return inside;
    default:
      return block;
  }
}

const isLoopHead = ({ kind }) => kind === "for" || kind === "while";

function closed(block, token) {
  const partner = partnerOf(block, token);
  if (!partner) {
    return block;
  }
  if (token === "else" || token === "elseif") {
    return { ...partner, kind: token === "else" ? "then" : "if", inner: null };
  }
  return partner.outer;
}

// Returns the open block that a closing token ends (or, for `else`, divides), or null. A bracket that nobody
// has closed does not keep `end` from its block, nor an unfinished block a bracket from its partner.
export function partnerOf(block, token) {
  for (let depth = 0; block.outer && depth < DEEPEST; depth++, block = block.outer) {
    const { kind } = block;
    if (token in PARTNERS) {
      if (kind === PARTNERS[token]) {
        return block;
      }
    } else if (kind === "repeat") {
      return token === "until" ? block : null;
    } else if (ENDED_BY_END.has(kind)) {
      return token === "end" || (kind === "then" && token !== "until") ? block : null;
    }
  }
  return null;
}
