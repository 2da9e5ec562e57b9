// The live view's page, as one module without dependencies: a window of its own loads it, and so does a notebook.
//
// `render({model, el})` is what an anywidget has. All that is used of `model` is `send(message)`,
// `on("msg:custom", f)` and `off("msg:custom", f)`; what the messages look like is said in `live/messages.py`.
//
// Theory of operation. `Store` has the lines, in the order of their numbers, and a mark where some are missing.
// `Filter` says which of them are shown, and `Scroller` has as many of these in the page as fit in it: a line that
// stays in sight keeps its element, so that a selection survives. Lines come in batches, ten a second at most; what
// they change is put on the screen once for each of the browser's frames.
//
// Every text goes through `textContent` or an attribute that holds plain text. Nothing here makes HTML of a string: a
// trace has whatever a peer has sent.

const KEPT = 10_000; // as many as Python keeps
// A reader who has scrolled up must not lose the lines under their eyes to new ones, so more are kept meanwhile.
const KEPT_WHILE_READING = 100_000;
const SLACK = 1_000; // taken off the beginning at once, since each time moves all the rest
const OVERSCAN = 12; // lines above and below those in sight
const AT_END_PX = 4;
const LABEL_CHARACTERS = 28;
const MOST_CHOICES = 300; // cells or sockets to choose from
const PARTS = [
  ["request_line", "Request line"],
  ["request_headers", "Request headers"],
  ["response_headers", "Response headers"],
  ["response_body", "Response body"],
];
const CONDITIONS = {
  delay: "200ms ±50ms",
  loss: "10%",
  rate: "56kbit",
  duplicate: "5%",
  reorder: "5%",
  refuse: "",
  reset: "after 1000 bytes",
  cut: "",
};

// ---- small tools

// Makes an element; `properties` are its own, except for `class`, `data` and listeners, which begin with `on`.
function make(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name === "class") {
      element.className = value;
    } else if (name.startsWith("on")) {
      element.addEventListener(name.slice(2), value);
    } else if (name.startsWith("aria-") || name === "role" || name.startsWith("data-")) {
      element.setAttribute(name, value);
    } else {
      element[name] = value;
    }
  }
  element.append(...children);
  return element;
}

const count = (number) => number.toLocaleString("en-US");
const counted = (number, one, many = `${one}s`) => `${count(number)} ${number === 1 ? one : many}`;

function setText(element, text) {
  if (element.textContent !== text) {
    element.textContent = text;
  }
}

function clock(at) {
  const date = new Date(at);
  const two = (number) => String(number).padStart(2, "0");
  const time = [date.getHours(), date.getMinutes(), date.getSeconds()].map(two).join(":");
  return `${time}.${String(date.getMilliseconds()).padStart(3, "0")}`;
}

function size(bytes) {
  for (const [unit, factor] of [["GB", 1e9], ["MB", 1e6], ["kB", 1e3]]) {
    if (bytes >= factor) {
      return `${(bytes / factor).toFixed(1)} ${unit}`;
    }
  }
  return `${Math.round(bytes)} B`;
}

function age(seconds) {
  if (seconds < 60) {
    return `${Math.floor(seconds)} s`;
  }
  const minutes = Math.floor(seconds / 60);
  return minutes < 60 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

async function copyText(text) {
  if (navigator.clipboard) {
    return navigator.clipboard.writeText(text);
  }
  const area = make("textarea", { value: text, class: "ba-offscreen" }); // over plain HTTP from another machine
  document.body.append(area);
  area.select();
  document.execCommand("copy");
  area.remove();
}

// ---- the lines

// A line as plain text, as it is searched and copied.
const label = (line) => (line.name ? `${line.place} ${line.name}` : line.place);

function asText(line, hasTime) {
  const parts = [hasTime ? clock(line.at) : "", label(line), line.text, line.remark && `(${line.remark})`];
  return parts.filter((part) => part !== "").join("  ");
}

class Store {
  constructor() {
    this.lines = [];
    this.next = 0; // the number of the line that comes next
    this.came = 0; // how many Python has had in all
  }

  // Adds a batch; returns what is new, with a mark in front of it where lines are missing.
  add(first, rows) {
    const added = [];
    if (first > this.next) {
      const lost = first - this.next;
      const why = this.lines.length || this.next ? "came faster than this page could take them" : "are no longer kept";
      added.push({
        ...{ n: this.next, kind: "gap", at: 0, cell: 0, socket: 0, level: 0, place: "", name: "", remark: "" },
        text: `${counted(lost, "line")} ${lost === 1 ? why.replace("are", "is") : why}`,
      });
    }
    rows.forEach(([kind, at, cell, socket, level, place, name, text, remark], index) => {
      const n = first + index;
      if (n >= this.next) {
        added.push({ n, kind, at, cell, socket, level, place, name, text, remark });
      }
    });
    this.next = Math.max(this.next, first + rows.length);
    for (const line of added) {
      this.lines.push(line);
    }
    return added;
  }

  // Forgets the oldest; returns the number below which all are gone.
  trim(kept) {
    if (this.lines.length > kept + SLACK) {
      this.lines = this.lines.slice(this.lines.length - kept);
    }
    return this.lines.length ? this.lines[0].n : this.next;
  }

  clear(upto) {
    this.lines = this.lines.filter((line) => line.n >= upto);
    this.next = Math.max(this.next, upto);
  }
}

class Filter {
  constructor() {
    this.words = [];
    this.without = [];
    this.cell = this.socket = 0;
    this.level = 5;
    this.errorsOnly = false;
  }

  setText(text) {
    const words = text.toLowerCase().split(/\s+/).filter(Boolean);
    this.words = words.filter((word) => word[0] !== "-" || word === "-");
    this.without = words.filter((word) => word[0] === "-" && word !== "-").map((word) => word.slice(1));
  }

  get isOn() {
    return Boolean(this.words.length || this.without.length || this.cell || this.socket || this.errorsOnly);
  }

  passes(line) {
    if (line.level > this.level || (this.errorsOnly && line.kind !== "fault")) {
      return false;
    }
    if ((this.cell && line.cell !== this.cell) || (this.socket && line.socket !== this.socket)) {
      return false;
    }
    if (!this.words.length && !this.without.length) {
      return true;
    }
    const text = asText(line, false).toLowerCase();
    return this.words.every((word) => text.includes(word)) && !this.without.some((word) => text.includes(word));
  }
}

// ---- what is in sight

class Scroller {
  // `makeRow(line)` makes the element of a line. `onFollow` is called when the reader leaves the end or comes back.
  constructor(makeRow, onFollow) {
    this.makeRow = makeRow;
    this.onFollow = onFollow;
    this.content = make("div", { class: "ba-content" });
    this.space = make("div", { class: "ba-space" }, this.content);
    this.element = make("div", { class: "ba-lines", tabIndex: 0, role: "log", "aria-live": "off" }, this.space);
    this.element.setAttribute("aria-label", "Trace");
    this.items = [];
    this.rows = new Map(); // by a line's number: its element
    this.following = true;
    this.wraps = false;
    this.rowHeight = 18;
    this.lastTop = 0;
    this.tops = null; // with wrapping: where each line begins
    this.element.addEventListener("scroll", () => this.scrolled(), { passive: true });
    this.resizing = new ResizeObserver(() => this.resized());
    this.resizing.observe(this.element);
    this.selected = () => this.noteSelection();
    document.addEventListener("selectionchange", this.selected);
  }

  close() {
    this.resizing.disconnect();
    document.removeEventListener("selectionchange", this.selected);
    cancelAnimationFrame(this.frame);
  }

  // Shows other lines; `anchor` is the number of a line that stays where it is, if it can.
  setItems(items) {
    const anchor = this.following ? null : this.anchor();
    this.items = items;
    this.tops = null;
    this.dropRows();
    this.layOut();
    if (anchor) {
      this.scrollTo(this.top(this.indexFrom(anchor.n)) + anchor.offset);
    }
    this.draw();
  }

  append(items) {
    for (const item of items) {
      this.items.push(item);
    }
    this.tops = null;
    this.draw();
  }

  // Takes the lines below a number off the beginning; what is in sight stays where it is.
  dropBelow(n) {
    const gone = this.indexFrom(n);
    if (gone > 0) {
      const height = this.top(gone);
      this.items = this.items.slice(gone);
      this.tops = null;
      this.layOut();
      if (!this.following) {
        this.scrollTo(Math.max(0, this.element.scrollTop - height));
      }
      this.draw();
    }
  }

  setWrap(wraps) {
    const anchor = this.following ? null : this.anchor();
    this.wraps = wraps;
    this.element.classList.toggle("ba-wraps", wraps);
    this.forgetHeights();
    this.redraw();
    if (anchor) {
      this.show(anchor.n, anchor.offset);
    }
  }

  // Makes every element anew: what a row shows has changed.
  redraw() {
    this.dropRows();
    this.draw();
  }

  follow() {
    this.following = true;
    this.onFollow();
    this.draw();
  }

  leave() {
    if (this.following) {
      this.following = false;
      this.onFollow();
    }
  }

  // Brings a line into the middle of what is in sight, or to a place of its own.
  show(n, offset = null) {
    this.leave();
    const index = this.indexFrom(n);
    for (let turn = 0; turn < 3; turn += 1) { // heights are known when the lines have been drawn
      const away = offset === null ? this.rowHeight - this.element.clientHeight / 2 : offset;
      this.scrollTo(this.top(index) + away);
      this.drawNow();
    }
  }

  // ---- places

  indexFrom(n) {
    let low = 0;
    let high = this.items.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.items[middle].n < n) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return low;
  }

  top(index) {
    if (!this.wraps) {
      return index * this.rowHeight;
    }
    if (!this.tops) {
      this.tops = new Float64Array(this.items.length + 1);
      this.items.forEach((item, at) => {
        this.tops[at + 1] = this.tops[at] + (item.height || this.guess(item));
      });
    }
    return this.tops[Math.min(index, this.items.length)];
  }

  guess(item) {
    return Math.max(1, Math.ceil((item.text.length + item.remark.length) / this.columns)) * this.rowHeight;
  }

  indexAt(y) {
    if (!this.wraps) {
      return Math.max(0, Math.min(this.items.length - 1, Math.floor(y / this.rowHeight)));
    }
    let low = 0;
    let high = this.items.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.top(middle) <= y) {
        low = middle;
      } else {
        high = middle - 1;
      }
    }
    return Math.max(0, low);
  }

  anchor() {
    const { scrollTop } = this.element;
    const item = this.items[this.indexAt(scrollTop)];
    return item ? { n: item.n, offset: scrollTop - this.top(this.indexFrom(item.n)) } : null;
  }

  forgetHeights() {
    this.items.forEach((item) => {
      item.height = 0;
    });
    this.tops = null;
  }

  // ---- what the reader does

  scrollTo(top) {
    this.element.scrollTop = top;
    this.lastTop = this.element.scrollTop;
  }

  get isAtEnd() {
    const { scrollTop, clientHeight, scrollHeight } = this.element;
    return scrollTop + clientHeight >= scrollHeight - AT_END_PX;
  }

  // More lines make the end go away from a reader who has not moved; only one who goes up has left it.
  scrolled() {
    const { scrollTop } = this.element;
    const { isAtEnd } = this;
    if (!isAtEnd && scrollTop < this.lastTop - 1) {
      this.following = false;
    } else if (isAtEnd && !this.hasSelection()) {
      this.following = true;
    }
    this.lastTop = scrollTop;
    this.draw();
    this.onFollow();
  }

  resized() {
    const row = this.rows.values().next().value;
    if (row && !this.wraps) {
      this.rowHeight = row.getBoundingClientRect().height || this.rowHeight;
    }
    if (this.wraps) {
      const anchor = this.following ? null : this.anchor();
      this.forgetHeights();
      this.drawNow();
      if (anchor) {
        this.show(anchor.n, anchor.offset);
      }
    }
    this.draw();
  }

  hasSelection() {
    const selection = document.getSelection();
    return Boolean(selection && !selection.isCollapsed && this.element.contains(selection.anchorNode));
  }

  noteSelection() {
    if (this.following && this.hasSelection()) {
      this.leave();
    }
  }

  // ---- drawing

  draw() {
    this.frame ||= requestAnimationFrame(() => {
      this.frame = 0;
      this.drawNow();
    });
  }

  layOut() {
    this.space.style.height = `${this.top(this.items.length)}px`;
  }

  drawNow() {
    this.layOut();
    if (this.following) {
      this.scrollTo(this.element.scrollHeight);
    }
    this.fill();
    if (this.wraps && this.measure()) {
      this.layOut();
      if (this.following) {
        this.scrollTo(this.element.scrollHeight);
      }
      this.fill();
      this.measure();
    }
  }

  fill() {
    const { scrollTop, clientHeight } = this.element;
    if (!this.items.length || !clientHeight) {
      this.dropRows();
      return;
    }
    const first = Math.max(0, this.indexAt(scrollTop) - OVERSCAN);
    const end = Math.min(this.items.length, this.indexAt(scrollTop + clientHeight) + OVERSCAN + 1);
    const wanted = new Set();
    for (let at = first; at < end; at += 1) {
      wanted.add(this.items[at].n);
    }
    for (const [n, row] of this.rows) {
      if (!wanted.has(n)) {
        row.remove();
        this.rows.delete(n);
      }
    }
    let before = this.content.firstChild;
    for (let at = first; at < end; at += 1) {
      const item = this.items[at];
      const row = this.rows.get(item.n);
      if (row) {
        before = row.nextSibling;
      } else {
        const made = this.makeRow(item);
        this.rows.set(item.n, made);
        this.content.insertBefore(made, before);
      }
    }
    this.content.style.transform = `translateY(${this.top(first)}px)`;
  }

  // Learns how high the wrapped lines are that are in the page; returns whether a guess was wrong.
  measure() {
    let isNews = false;
    const { scrollTop } = this.element;
    let above = 0;
    for (const [n, row] of this.rows) {
      const index = this.indexFrom(n);
      const item = this.items[index];
      if (item && item.n === n && !item.height) {
        const height = row.getBoundingClientRect().height;
        const guess = this.guess(item);
        item.height = height;
        if (height !== guess) {
          isNews = true;
          if (this.top(index) < scrollTop) {
            above += height - guess;
          }
        }
      }
    }
    if (isNews) {
      this.tops = null;
      if (above && !this.following) {
        this.layOut();
        this.scrollTo(scrollTop + above);
      }
    }
    return isNews;
  }

  dropRows() {
    this.rows.clear();
    this.content.replaceChildren();
  }

  get columns() {
    return Math.max(20, Math.floor((this.element.clientWidth - 40) / 7.3) - (this.labelCharacters || 0));
  }
}

// ---- the views

class TraceView {
  constructor(send) {
    this.send = send;
    this.store = new Store();
    this.filter = new Filter();
    this.scroller = new Scroller((line) => this.makeRow(line), () => this.showStatus());
    this.session = "";
    this.cleared = 0;
    this.paused = false;
    this.unseen = 0;
    this.hasTime = false;
    this.needle = "";
    this.wanted = new Map(); // parts of HTTP that the reader has just turned on or off
    this.found = []; // numbers of the lines that were found, in order
    this.current = -1; // …and which of them is shown
    this.state = { faults: 0, last_fault: "", http: {}, is_running: true };
    this.element = make("section", { class: "ba-view ba-trace-view" }, this.makeTools(), this.makeBody());
    this.showStatus();
  }

  close() {
    this.scroller.close();
  }

  // ---- its parts

  makeTools() {
    this.level = make("select", {
      title: "Shows priorities from 0 to this one; trace() has 5",
      onchange: () => this.chooseLevel(Number(this.level.value)),
    });
    for (let level = 0; level <= 20; level += 1) {
      this.level.append(make("option", { value: level, textContent: level, selected: level === 5 }));
    }
    this.text = make("input", {
      ...{ type: "search", placeholder: "Filter", class: "ba-filter", spellcheck: false },
      title: "Shows lines with all of these words; a word with - in front must not be there",
      oninput: () => this.refilter(() => this.filter.setText(this.text.value)),
    });
    this.cells = this.makeChoice("All cells", (value) => this.refilter(() => { this.filter.cell = value; }));
    this.sockets = this.makeChoice("All sockets", (value) => this.refilter(() => { this.filter.socket = value; }));
    this.errors = this.makeSwitch("Errors", "Shows errors only", (isOn) =>
      this.refilter(() => { this.filter.errorsOnly = isOn; }));
    this.pauseButton = this.makeSwitch("Pause", "Stands still; new lines are still collected", (isOn) => this.pause(isOn));
    this.copyButton = make("button", {
      ...{ type: "button", textContent: "Copy", title: "Copies the lines that are shown, as text" },
      onclick: () => this.copy(),
    });
    const tools = make("div", { class: "ba-tools", role: "toolbar" },
      make("label", { title: this.level.title }, "Level ", this.level),
      this.text, this.cells.element, this.sockets.element, this.errors,
      make("span", { class: "ba-fill" }),
      this.makeFind(),
      make("span", { class: "ba-fill" }),
      this.makeSwitch("Time", "Shows when each line came", (isOn) => {
        this.hasTime = isOn;
        this.scroller.forgetHeights();
        this.scroller.redraw();
      }),
      this.makeSwitch("Wrap", "Breaks long lines", (isOn) => this.scroller.setWrap(isOn)),
      this.makeHttp(),
      this.pauseButton, this.copyButton,
      make("button", {
        ...{ type: "button", textContent: "Clear", title: "Removes the lines from this view" },
        onclick: () => this.clear(this.store.next),
      }));
    tools.setAttribute("aria-label", "Trace");
    return tools;
  }

  makeBody() {
    this.pill = make("button", {
      ...{ type: "button", class: "ba-pill", hidden: true },
      onclick: () => (this.paused ? this.pauseButton.click() : this.follow()),
    });
    this.counts = make("span");
    this.faults = make("button", {
      ...{ type: "button", class: "ba-faults", title: "Shows errors only" },
      onclick: () => this.errors.click(),
    });
    this.empty = make("div", { class: "ba-empty" });
    return make("div", { class: "ba-body" },
      this.scroller.element, this.empty, this.pill,
      make("footer", { class: "ba-footer" }, this.counts, this.faults));
  }

  makeChoice(all, choose) {
    const element = make("select", { onchange: () => choose(Number(element.value)) });
    element.append(make("option", { value: 0, textContent: all }));
    element.setAttribute("aria-label", all);
    return { element, known: new Set() };
  }

  makeSwitch(text, title, turn) {
    const button = make("button", { type: "button", textContent: text, title, "aria-pressed": "false" });
    button.addEventListener("click", () => {
      const isOn = button.getAttribute("aria-pressed") !== "true";
      button.setAttribute("aria-pressed", String(isOn));
      turn(isOn);
    });
    return button;
  }

  makeFind() {
    this.find = make("input", {
      ...{ type: "search", placeholder: "Find", class: "ba-find", spellcheck: false },
      title: "Finds a text in the lines that are shown; Enter and Shift+Enter go from one to the next",
      oninput: () => this.search(this.find.value),
      onkeydown: (event) => {
        if (event.key === "Enter") {
          this.step(event.shiftKey ? -1 : 1);
          event.preventDefault();
        }
      },
    });
    this.matches = make("span", { class: "ba-matches", role: "status" });
    const arrow = (text, title, way) => make("button", {
      ...{ type: "button", textContent: text, title, class: "ba-arrow" },
      onclick: () => this.step(way),
    });
    return make("span", { class: "ba-finding" },
      this.find, this.matches, arrow("↑", "Previous match", -1), arrow("↓", "Next match", 1));
  }

  makeHttp() {
    this.parts = {};
    const choices = PARTS.map(([part, text]) => {
      const box = make("input", {
        type: "checkbox",
        onchange: () => {
          this.wanted.set(part, box.checked);
          this.send({ type: "http", part, on: box.checked });
        },
      });
      this.parts[part] = box;
      return make("label", {}, box, ` ${text}`);
    });
    this.http = make("details", { class: "ba-menu" },
      make("summary", { textContent: "HTTP", title: "Traces requests to this program's pages" }),
      make("div", { class: "ba-choices" }, ...choices));
    this.http.addEventListener("focusout", (event) => {
      if (!this.http.contains(event.relatedTarget)) {
        this.http.open = false;
      }
    });
    return this.http;
  }

  makeRow(line) {
    const row = make("div", { class: `ba-line ba-${line.kind}` });
    row.dataset.n = line.n;
    if (line.kind === "gap") {
      row.append(make("span", { class: "ba-text", textContent: `… ${line.text} …` }));
      return row;
    }
    if (this.hasTime) {
      row.append(make("span", { class: "ba-time", textContent: `${clock(line.at)}  ` }));
    }
    const shown = make("span", { class: "ba-label", title: label(line) });
    shown.append(make("span", { class: "ba-place", textContent: line.place }));
    if (line.name) {
      shown.append(make("span", { class: "ba-name", textContent: ` ${line.name}` }));
    }
    shown.append("  ");
    const text = make("span", { class: "ba-text" });
    this.mark(text, line.text);
    row.append(shown, text);
    if (line.remark) {
      row.append(make("span", { class: "ba-remark", textContent: `  (${line.remark})` }));
    }
    if (this.needle && this.found[this.current] === line.n) {
      row.classList.add("ba-current");
    }
    return row;
  }

  // Puts a text into an element, with what is searched for marked in it.
  mark(element, text) {
    if (!this.needle) {
      element.textContent = text || "\u200b"; // an empty line is as high as any other
      return;
    }
    const lower = text.toLowerCase();
    let at = 0;
    for (let next = lower.indexOf(this.needle); next >= 0; next = lower.indexOf(this.needle, at)) {
      element.append(text.slice(at, next), make("mark", { textContent: text.slice(next, next + this.needle.length) }));
      at = next + this.needle.length;
    }
    element.append(text.slice(at) || "\u200b");
  }

  // ---- what comes

  // The answer to "start": the lines that go on are those of the same session.
  greet(session) {
    if (this.session !== session) {
      this.session = session;
      this.store = new Store();
      this.cleared = Number(recalled(`cleared ${session}`)) || 0;
      this.store.clear(this.cleared);
      this.unseen = 0;
      this.refilter(() => {});
    }
  }

  take(first, came, rows) {
    this.store.came = came;
    const added = this.store.add(first, rows);
    this.send({ type: "got", upto: first + rows.length });
    const shown = added.filter((line) => this.filter.passes(line));
    for (const line of added) {
      this.learn(this.cells, line.cell, `Cell [${line.cell}]`);
      this.learn(this.sockets, line.socket, `Socket ${line.socket}`);
    }
    this.widen(shown);
    if (this.paused || !this.scroller.following) {
      this.unseen += shown.length;
    }
    if (!this.paused) {
      this.scroller.append(shown);
      this.searchIn(shown);
      this.forgetOld();
    } else {
      this.store.trim(KEPT);
    }
    this.showStatus();
  }

  forgetOld() {
    const oldest = this.store.trim(this.scroller.following ? KEPT : KEPT_WHILE_READING);
    this.scroller.dropBelow(oldest);
    const gone = this.found.findIndex((n) => n >= oldest);
    if (this.found.length && gone !== 0) {
      this.found = gone < 0 ? [] : this.found.slice(gone);
      this.current = Math.max(-1, this.current - (gone < 0 ? this.current + 1 : gone));
    }
  }

  learn(choice, number, text) {
    if (number && !choice.known.has(number) && choice.known.size < MOST_CHOICES) {
      choice.known.add(number);
      choice.element.append(make("option", { value: number, textContent: text }));
    }
  }

  // The texts stand below one another, behind the longest label.
  widen(lines) {
    let longest = this.scroller.labelCharacters || 0;
    for (const line of lines) {
      longest = Math.max(longest, Math.min(label(line).length + 2, LABEL_CHARACTERS));
    }
    if (longest !== this.scroller.labelCharacters) {
      this.scroller.labelCharacters = longest;
      this.scroller.element.style.setProperty("--ba-label", longest);
    }
  }

  setState(state) {
    this.state = state;
    for (const [part] of PARTS) {
      const isOn = Boolean(state.http[part]);
      // A state that was on its way when the reader clicked knows nothing of that: one such is passed over.
      const isEarlier = this.wanted.has(part) && this.wanted.get(part) !== isOn;
      this.wanted.delete(part);
      if (!isEarlier) {
        this.parts[part].checked = isOn;
      }
    }
    this.http.classList.toggle("ba-is-on", Object.values(state.http).some(Boolean));
    this.showStatus();
  }

  // ---- what the reader wants

  chooseLevel(level) {
    this.refilter(() => { this.filter.level = level; });
    this.send({ type: "level", level });
  }

  chooseSocket(number) {
    this.learn(this.sockets, number, `Socket ${number}`);
    this.sockets.element.value = number;
    this.refilter(() => { this.filter.socket = number; });
  }

  refilter(change) {
    change();
    const shown = this.store.lines.filter((line) => this.filter.passes(line));
    this.widen(shown);
    this.scroller.setItems(shown);
    this.searchAll();
    this.showStatus();
  }

  pause(isOn) {
    this.paused = isOn;
    if (!isOn) {
      this.unseen = 0;
      this.refilter(() => {});
    }
    this.showStatus();
  }

  follow() {
    this.unseen = 0;
    this.scroller.follow();
    this.forgetOld();
    this.showStatus();
  }

  clear(upto) {
    this.cleared = Math.max(this.cleared, upto);
    remember(`cleared ${this.session}`, this.cleared);
    this.store.clear(this.cleared);
    this.unseen = 0;
    this.scroller.following = true;
    this.refilter(() => {});
  }

  async copy() {
    const text = this.scroller.items.map((line) => asText(line, this.hasTime)).join("\n");
    await copyText(`${text}\n`);
    this.copyButton.textContent = "Copied";
    setTimeout(() => { this.copyButton.textContent = "Copy"; }, 1500);
  }

  // ---- finding

  search(text) {
    this.needle = text.toLowerCase();
    this.searchAll();
    if (this.found.length) { // the last one is the nearest to what is in sight
      this.current = this.found.length - 1;
      this.scroller.show(this.found[this.current]);
    }
    this.scroller.redraw();
    this.showMatches();
  }

  searchAll() {
    const was = this.found[this.current];
    this.found = [];
    this.current = -1;
    this.searchIn(this.scroller.items);
    this.current = was === undefined ? -1 : this.found.indexOf(was);
    this.showMatches();
  }

  searchIn(lines) {
    if (this.needle) {
      for (const line of lines) {
        if (line.text.toLowerCase().includes(this.needle)) {
          this.found.push(line.n);
        }
      }
      this.showMatches();
    }
  }

  step(way) {
    if (this.found.length) {
      this.current = (this.current + way + this.found.length) % this.found.length;
      this.scroller.show(this.found[this.current]);
      this.scroller.redraw();
      this.showMatches();
    }
  }

  showMatches() {
    const all = count(this.found.length);
    const at = this.current >= 0 ? `${count(this.current + 1)}/${all}` : all;
    setText(this.matches, this.needle ? (this.found.length ? at : "none") : "");
  }

  // ---- what it says about itself

  showStatus() {
    if (!this.counts) {
      return;
    }
    if (this.scroller.following && !this.paused) {
      this.unseen = 0;
    }
    const all = this.store.lines.length;
    const shown = this.scroller.items.length;
    const parts = [counted(all, "line")];
    if (shown !== all) {
      parts.push(`${count(shown)} shown`);
    }
    if (this.paused) {
      parts.push("paused");
    }
    setText(this.counts, parts.join(" · "));
    const { faults, last_fault: place } = this.state;
    this.faults.hidden = !faults;
    setText(this.faults, `${counted(faults, "error")}${place ? `, last in ${place}` : ""}`);
    this.pill.hidden = !(this.unseen || this.paused || !(this.scroller.following || this.scroller.isAtEnd));
    const news = this.unseen ? counted(this.unseen, "new line") : this.paused ? "Paused" : "To the end";
    setText(this.pill, this.paused ? `▶ ${news}` : `↓ ${news}`);
    this.empty.hidden = shown > 0;
    setText(this.empty, all ? "No line passes the filter." : "Nothing has been traced yet. trace(…) writes here.");
  }
}

// The row of a table's heads; those of columns with numbers stand on the right as the numbers do.
function makeHeads(heads, numbers) {
  return make("tr", {}, ...heads.map((text, index) =>
    make("th", { textContent: text, scope: "col", class: numbers.has(index) ? "ba-number" : "" })));
}

const NUMBERS = new Set([0, 5, 6, 7, 9]); // of the columns of sockets

class SocketsView {
  constructor(send, showTrace) {
    this.send = send;
    this.showTrace = showTrace;
    this.rows = new Map();
    this.before = new Map(); // by socket: its bytes at the last look
    this.body = make("tbody");
    const heads = ["ID", "What", "Variable", "Local", "Peer", "With", "In", "Out", "TLS", "Age", ""];
    const head = makeHeads(heads, NUMBERS);
    this.note = make("div", { class: "ba-empty", textContent: "There are no sockets." });
    this.footer = make("span");
    this.element = make("section", { class: "ba-view ba-table-view" },
      make("div", { class: "ba-scroll" },
        make("table", {}, make("thead", {}, head), this.body), this.note),
      make("footer", { class: "ba-footer" }, this.footer));
  }

  take(message) {
    const now = performance.now();
    const seconds = this.at ? (now - this.at) / 1000 : 0;
    this.at = now;
    const there = new Set(message.rows.map((row, at) => row.socket || `-${at}`));
    for (const [key, row] of this.rows) {
      if (!there.has(key)) {
        row.remove();
        this.rows.delete(key);
        this.before.delete(key);
      }
    }
    message.rows.forEach((row, at) => this.showRow(row.socket || `-${at}`, row, seconds, at));
    this.note.hidden = message.rows.length > 0;
    const parts = [counted(message.rows.length + message.more, "socket")];
    if (message.more) {
      parts.push(`${count(message.more)} not shown`);
    }
    if (message.is_late) {
      parts.push("Lua is busy, so this may be old");
    }
    setText(this.footer, parts.join(" · "));
  }

  showRow(key, row, seconds, at) {
    let element = this.rows.get(key);
    if (!element) {
      element = this.makeRow(row);
      this.rows.set(key, element);
    }
    if (this.body.children[at] !== element) {
      this.body.insertBefore(element, this.body.children[at] || null);
    }
    const before = this.before.get(key);
    const rate = (name) => {
      const moved = before && seconds ? (row[name] - before[name]) / seconds : 0;
      return moved > 0 ? `${size(moved)}/s` : "";
    };
    this.before.set(key, row);
    const bytes = (name) => (row[name] === null ? ["", ""] : [count(row[name]), rate(name)]);
    const named = (name, address) => (name ? [name, address] : [address, ""]);
    const cells = [
      [row.socket || "–", ""],
      [row.kind, row.doing],
      [row.variable, row.cell ? `cell [${row.cell}]` : ""],
      named(row.local_name, row.local),
      named(row.peer_name, row.peer),
      [row.partner || "", ""],
      bytes("bytes_in"),
      bytes("bytes_out"),
      [row.tls, row.trust],
      [row.socket ? age(row.age_s) : "", ""],
    ];
    cells.forEach(([text, below], index) => {
      const [main, second] = element.children[index].children;
      setText(main, String(text));
      setText(second, String(below));
    });
    element.children[8].classList.toggle("ba-bad", row.trust.startsWith("not trusted"));
  }

  makeRow(row) {
    const cells = Array.from({ length: 10 }, (_, index) =>
      make("td", { class: NUMBERS.has(index) ? "ba-number" : "" }, make("div"), make("small")));
    const actions = make("td", { class: "ba-actions" });
    if (row.socket) {
      actions.append(
        make("button", {
          ...{ type: "button", textContent: "Trace", title: `Shows the trace of socket ${row.socket} only` },
          onclick: () => this.showTrace(row.socket),
        }),
        make("button", {
          ...{ type: "button", textContent: "Close", title: `Closes socket ${row.socket}, as s:close() does` },
          onclick: () => this.send({ type: "close", socket: row.socket }),
        }));
    }
    return make("tr", {}, ...cells, actions);
  }
}

class FlowView {
  constructor(send) {
    this.image = make("img", { alt: "", hidden: true });
    this.scroll = make("div", { class: "ba-scroll" }, this.image);
    this.note = make("div", { class: "ba-empty", textContent: "Recording. The picture appears when a socket does something." });
    this.scroll.append(this.note);
    this.footer = make("span");
    this.holds = false;
    this.hold = make("button", {
      ...{ type: "button", textContent: "Hold", title: "Keeps this picture as it is", "aria-pressed": "false" },
      onclick: () => {
        this.holds = !this.holds;
        this.hold.setAttribute("aria-pressed", String(this.holds));
        if (!this.holds && this.latest) {
          this.take(this.latest);
        }
      },
    });
    this.element = make("section", { class: "ba-view ba-flow-view" },
      make("div", { class: "ba-tools" },
        make("span", { class: "ba-dim", textContent: "What the sockets do, recorded while this view is open." }),
        make("span", { class: "ba-fill" }), this.hold,
        make("button", {
          ...{ type: "button", textContent: "Restart", title: "Forgets what was recorded and begins again" },
          onclick: () => {
            this.latest = null;
            this.image.hidden = true;
            this.note.hidden = false;
            setText(this.footer, "");
            send({ type: "restart" });
          },
        })),
      this.scroll, make("footer", { class: "ba-footer" }, this.footer));
  }

  take(message) {
    this.latest = message;
    if (this.holds) {
      return;
    }
    const { scroll } = this;
    const isAtEnd = scroll.scrollTop + scroll.clientHeight >= scroll.scrollHeight - AT_END_PX;
    this.image.onload = () => {
      if (isAtEnd) {
        scroll.scrollTop = scroll.scrollHeight;
      }
    };
    this.image.src = message.svg ? `data:image/svg+xml;base64,${message.svg}` : "data:,";
    this.image.alt = message.text;
    this.image.hidden = !message.svg;
    this.note.hidden = Boolean(message.svg);
    const dropped = message.dropped ? ` · ${count(message.dropped)} older ones are not kept` : "";
    setText(this.footer, counted(message.events, "event") + dropped);
  }
}

class NetworkView {
  constructor(send) {
    this.send = send;
    this.body = make("tbody");
    this.host = make("select", { required: true });
    this.host.setAttribute("aria-label", "Host");
    this.condition = make("select", { onchange: () => this.chooseCondition() },
      ...Object.keys(CONDITIONS).map((word) => make("option", { value: word, textContent: word })));
    this.condition.setAttribute("aria-label", "Condition");
    this.value = make("input", { type: "text", class: "ba-value", spellcheck: false });
    this.value.setAttribute("aria-label", "Value");
    this.said = make("span", { class: "ba-said", role: "status" });
    this.form = make("form", {
      class: "ba-tools",
      onsubmit: (event) => {
        event.preventDefault();
        this.order(`${this.condition.value} ${this.host.value} ${this.value.value}`);
      },
    },
    this.condition, this.host, this.value,
    make("button", { type: "submit", textContent: "Set", class: "ba-primary" }),
    make("button", {
      ...{ type: "button", textContent: "Clear all", title: "Removes the conditions of all hosts" },
      onclick: () => this.order("clear all"),
    }),
    this.said);
    const heads = ["Host", "Ports", "What it is", "Served", "Conditions", ""];
    const head = makeHeads(heads, new Set([3]));
    this.table = make("table", {}, make("thead", {}, head), this.body);
    this.note = make("div", {
      class: "ba-empty",
      textContent: "The lab network is off: host names refer to the internet. %lab on turns it on.",
    });
    this.element = make("section", { class: "ba-view ba-table-view" },
      this.form, make("div", { class: "ba-scroll" }, this.table, this.note));
    this.chooseCondition();
  }

  chooseCondition() {
    const example = CONDITIONS[this.condition.value];
    this.value.placeholder = example;
    this.value.value = "";
    this.value.disabled = !example;
  }

  order(words) {
    setText(this.said, "…");
    this.send({ type: "lab", words });
  }

  tell(message) {
    setText(this.said, message.text);
    this.said.classList.toggle("ba-bad", message.is_error);
  }

  take(message) {
    this.form.hidden = this.table.hidden = !message.is_on;
    this.note.hidden = message.is_on;
    const chosen = this.host.value;
    const names = message.hosts.filter((host) => host.can).map((host) => host.host);
    if (names.join() !== Array.from(this.host.options, (option) => option.value).join()) {
      this.host.replaceChildren(...names.map((name) => make("option", { value: name, textContent: name })));
      this.host.value = names.includes(chosen) ? chosen : names[0] || "";
    }
    this.body.replaceChildren(...message.hosts.map((host) => this.makeRow(host)));
  }

  makeRow(host) {
    const actions = make("td", { class: "ba-actions" });
    if (host.conditions) {
      actions.append(make("button", {
        ...{ type: "button", textContent: "Clear", title: `Removes the conditions of ${host.host}` },
        onclick: () => this.order(`clear ${host.host}`),
      }));
    }
    return make("tr", {},
      make("td", {}, make("div", { textContent: host.host })),
      make("td", { class: "ba-dim", textContent: host.ports }),
      make("td", { class: "ba-dim", textContent: host.what }),
      make("td", { class: "ba-number", textContent: count(host.served) }),
      make("td", { class: "ba-conditions", textContent: host.conditions || (host.can ? "–" : "") }),
      actions);
  }
}

// ---- what a page remembers over a reload, where it may

function recalled(name) {
  try {
    return sessionStorage.getItem(`ba-live ${name}`);
  } catch {
    return null;
  }
}

function remember(name, value) {
  try {
    sessionStorage.setItem(`ba-live ${name}`, value);
  } catch {
    // a browser that allows no storage: the lines come back with a reload
  }
}

// ---- the whole

class LiveView {
  constructor(model, el) {
    this.model = model;
    this.el = el;
    const send = (message) => model.send(message);
    this.trace = new TraceView(send);
    this.views = {
      trace: this.trace,
      sockets: new SocketsView(send, (number) => {
        this.trace.chooseSocket(number);
        this.choose("trace");
      }),
      flow: new FlowView(send),
      network: new NetworkView(send),
    };
    this.isConnected = false;
    this.receive = (message) => this.take(message);
    this.press = (event) => this.pressed(event);
    el.classList.add("ba-live");
    el.append(this.makeHead(), this.makeNotice(), ...Object.values(this.views).map((view) => view.element));
    el.addEventListener("keydown", this.press);
    model.on("msg:custom", this.receive);
    this.choose("trace");
    this.connect();
  }

  close() {
    this.model.off("msg:custom", this.receive);
    this.el.removeEventListener("keydown", this.press);
    this.model.send({ type: "stop" });
    this.trace.close();
  }

  makeHead() {
    this.tabs = Object.fromEntries(Object.keys(this.views).map((name) => [name, make("button", {
      ...{ type: "button", role: "tab", textContent: name[0].toUpperCase() + name.slice(1) },
      onclick: () => this.choose(name),
    })]));
    this.title = make("span", { class: "ba-title" });
    this.status = make("span", { class: "ba-status", role: "status" });
    this.connecting = make("button", {
      type: "button",
      onclick: () => (this.isConnected ? this.disconnect() : this.connect()),
    });
    return make("header", { class: "ba-head" },
      make("nav", { role: "tablist" }, ...Object.values(this.tabs)),
      make("span", { class: "ba-fill" }), this.title, this.status, this.connecting);
  }

  makeNotice() {
    this.notice = make("div", { class: "ba-notice", hidden: true, role: "status" });
    return this.notice;
  }

  choose(name) {
    this.view = name;
    for (const [other, tab] of Object.entries(this.tabs)) {
      tab.setAttribute("aria-selected", String(other === name));
      this.views[other].element.hidden = other !== name;
    }
    this.model.send({ type: "view", name });
    this.trace.scroller.draw();
  }

  // Says where to go on: behind the last line, if Python's are still the same ones.
  connect() {
    this.isConnected = true;
    const { session, store } = this.trace;
    this.model.send({ type: "start", session, after: store.next });
    this.model.send({ type: "view", name: this.view });
    this.model.send({ type: "level", level: this.trace.filter.level });
    this.showLink("Connecting");
  }

  disconnect() {
    this.isConnected = false;
    this.model.send({ type: "stop" });
    this.showLink("Disconnected");
  }

  showLink(text, kind = "") {
    setText(this.status, text);
    this.status.dataset.kind = kind;
    this.connecting.textContent = this.isConnected ? "Disconnect" : "Connect";
  }

  take(message) {
    switch (message.type) {
      case "hello":
        this.trace.greet(message.session);
        setText(this.title, message.title);
        this.showLink("Connected", "good");
        break;
      case "lines":
        if (this.isConnected) {
          this.trace.take(message.first, message.came, message.lines);
        }
        break;
      case "cleared":
        this.trace.clear(message.upto);
        break;
      case "state":
        this.trace.setState(message);
        if (this.isConnected) {
          this.showLink(message.is_running ? "Connected" : "Lua is not running", message.is_running ? "good" : "");
        }
        break;
      case "link": // the window's own: its connection has been lost, or is there again
        this.linkChanged(message);
        break;
      case "said":
        this.tell(message);
        break;
      default:
        this.views[message.type]?.take(message);
    }
  }

  linkChanged(message) {
    if (message.is_up && this.isConnected) {
      this.connect();
    } else if (!message.is_up && this.isConnected) {
      this.showLink(message.text, "bad");
    }
  }

  tell(message) {
    if (message.about === "lab") {
      this.views.network.tell(message);
      return;
    }
    setText(this.notice, message.text);
    this.notice.classList.toggle("ba-bad", message.is_error);
    this.notice.hidden = false;
    clearTimeout(this.hiding);
    this.hiding = setTimeout(() => { this.notice.hidden = true; }, 4000);
  }

  // The browser's own search knows only the lines that are in the page.
  pressed(event) {
    if ((event.ctrlKey || event.metaKey) && event.key === "f" && this.view === "trace") {
      event.preventDefault();
      this.trace.find.focus();
      this.trace.find.select();
    } else if (event.key === "End" && event.target === this.trace.scroller.element) {
      event.preventDefault();
      this.trace.follow();
    }
  }
}

export default {
  render({ model, el }) {
    const view = new LiveView(model, el);
    return () => view.close();
  },
};
