// One line, with what readToken uses of CodeMirror's StringStream.
export class Line {
  constructor(string, indent) {
    this.string = string;
    this.pos = 0;
    this.indent = indent;
  }

  sol() {
    return this.pos === 0;
  }

  eol() {
    return this.pos >= this.string.length;
  }

  next() {
    return this.string[this.pos++];
  }

  skipToEnd() {
    this.pos = this.string.length;
  }

  indentation() {
    return this.indent;
  }

  eatSpace() {
    return Boolean(this.match(/^\s+/));
  }

  match(pattern, consume = true) {
    const rest = this.string.slice(this.pos);
    const found = typeof pattern === "string" ? rest.startsWith(pattern) && [pattern] : pattern.exec(rest);
    if (found && consume) {
      this.pos += found[0].length;
    }
    return found || null;
  }
}
