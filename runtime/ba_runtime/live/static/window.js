// The live view in a window of its own: carries the messages of tracelogger.js over a WebSocket.
//
// The link's token is in the query of this page, of this module and of everything that it asks for.

const RETRY_MS = [500, 1000, 2000, 5000];
const ENDED = "The program has ended or the link is old";

const { default: page } = await import(`./tracelogger.js${location.search}`);

class Link {
  constructor() {
    this.listeners = new Set();
    this.failures = 0;
    this.open();
  }

  open() {
    const url = new URL(`live${location.search}`, location.href);
    url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
    this.socket = new WebSocket(url);
    this.socket.onopen = () => {
      this.failures = 0;
      this.tell({ type: "link", is_up: true });
    };
    this.socket.onmessage = (event) => this.tell(JSON.parse(event.data));
    this.socket.onclose = () => this.lost();
  }

  lost() {
    const text = this.failures > 2 ? ENDED : "Connection lost, trying again";
    this.tell({ type: "link", is_up: false, text });
    setTimeout(() => this.open(), RETRY_MS[Math.min(this.failures, RETRY_MS.length - 1)]);
    this.failures += 1;
  }

  tell(message) {
    if (message.type === "hello") {
      document.title = message.title ? `${message.title} - TraceLogger` : "TraceLogger"; // which window is whose
    }
    for (const listener of this.listeners) {
      listener(message);
    }
  }

  // ---- what tracelogger.js uses

  // What is said while there is no connection is not missed: the view says all of it again when there is one.
  send(message) {
    if (this.socket.readyState === WebSocket.OPEN) {
      this.socket.send(JSON.stringify(message));
    }
  }

  on(_event, listener) {
    this.listeners.add(listener);
  }

  off(_event, listener) {
    this.listeners.delete(listener);
  }
}

const root = document.getElementById("root");
page.render({ model: new Link(), el: root });

// Keys that nothing in the page has the focus for are the view's, too.
document.addEventListener("keydown", (event) => {
  if (!root.contains(event.target)) {
    root.dispatchEvent(new KeyboardEvent("keydown", { key: event.key, ctrlKey: event.ctrlKey, metaKey: event.metaKey, cancelable: true }))
      || event.preventDefault();
  }
});
