// Where a line of Lua begins: further in than the line that opened its block, or where the block's other
// lines begin, if that is elsewhere; a line that goes on with the statement before it further in than these;
// and `end`, `else`, `until` and closing brackets where the line begins that opened the block. So does a `then` or
// `do` that has a line of its own.

import { Line } from "./line.js";
import { partnerOf, readToken, startState } from "./lua_tokens.js";

const CLOSER = /^(?:(?:end|else|elseif|until)\b|[)\]}])/;
const END_OF_HEAD = /^(?:then|do)\b/;
const HEAD = /^(?:if|for|while)$/;
const LIST = /^[([{]$/;
const EXPECTS_MORE = /^(?:[-+*/%^#&|~<>=,.]|\/\/|\.\.|<<|>>|[=~<>]=|and|or|not|local)$/;
const GOES_ON = /^(?:\.\.|[-+*/%^&|~<>=.,]|:(?!:)|(?:and|or)\b)(?!-)/;

// Reads a program line by line, and knows where the next line begins.
export class Indenter {
  // `unit` is what a block adds, `base` the indentation outside of all blocks, both in columns.
  constructor(unit, base = 0) {
    this.unit = unit;
    this.state = startState(base - unit);
  }

  // Reads a line, which begins at the column `indent`.
  read(text, indent) {
    const line = new Line(text, indent);
    while (!line.eol()) {
      readToken(line, this.state);
    }
  }

  // Returns the column at which the next line begins if this is its text, without white space in front. It is
  // null inside of a string or comment, where white space means something.
  indentation(text) {
    const { state, unit } = this;
    const { block } = state;
    if (state.open) {
      return null;
    }
    if (END_OF_HEAD.test(text) && HEAD.test(block.kind)) {
      return block.indent;
    }
    const closer = CLOSER.exec(text)?.[0];
    // A bracket that the editor has put behind the cursor does not end the block that is being written.
    const partner = closer && (closer.length > 1 ? partnerOf(block, closer) : isPair(block, closer) && block);
    if (partner) {
      return partner.indent;
    }
    return (block.inner ?? block.indent + unit) + (isContinued(state, text) ? unit : 0);
  }
}

// Whether a line goes on with the statement before it or, in brackets, with the item before it. What follows
// the first line of a bracket or of a block's head is indented anyway.
function isContinued({ before, block }, text) {
  const isList = LIST.test(block.kind);
  if (HEAD.test(block.kind) || (isList && (block.inner === null || before === ","))) {
    return false;
  }
  return EXPECTS_MORE.test(before) || GOES_ON.test(text);
}

const isPair = ({ kind }, closer) => ["()", "[]", "{}"].includes(kind + closer);
