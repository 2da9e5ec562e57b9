// The live view in a notebook, as an anywidget: carries the messages of tracelogger.js over the widget's comm.
//
// A comm is one line between the kernel and all pages that show the notebook, and a page may show the panel more than
// once. So each view has a name: what it sends says `from` it, and what it gets is `to` it.
//
// For every message that the kernel gets it says that it is busy and then idle, and the notebook shows that. So the
// kernel is told of every fifth batch of lines only; it may be twice as many ahead (`_panel.py`).

const BATCHES = 5;

const loading = new Map(); // by a module's text: its page

// The module of the view comes with the model, as text: a notebook's page has no address for it.
function load(text) {
  if (!loading.has(text)) {
    const url = URL.createObjectURL(new Blob([text], { type: "text/javascript" }));
    loading.set(text, import(url).finally(() => URL.revokeObjectURL(url)));
  }
  return loading.get(text);
}

class Link {
  constructor(model) {
    this.model = model;
    this.name = Array.from(crypto.getRandomValues(new Uint8Array(12)), (byte) => byte.toString(16).padStart(2, "0")).join("");
    this.listeners = new Set();
    this.isOn = false;
    this.batches = 0; // since the kernel was told
    this.receive = (message) => this.take(message);
    model.on("msg:custom", this.receive);
    this.died = () => this.lost();
    model.on("comm_live_update", this.died);
  }

  close() {
    this.model.off("msg:custom", this.receive);
    this.model.off("comm_live_update", this.died);
  }

  take(message) {
    if (message.to !== this.name) {
      return;
    }
    if (message.type === "ping") { // the kernel has not heard of this view for a while
      this.say({ type: "pong" });
    } else {
      this.tell(message);
    }
  }

  say(message) {
    try {
      this.model.send({ from: this.name, ...message });
    } catch {
      this.lost(); // the comm is closed
    }
  }

  lost() {
    this.tell({ type: "link", is_up: false, text: "The kernel has ended. Run %panel again." });
  }

  tell(message) {
    for (const listener of this.listeners) {
      listener(message);
    }
  }

  // ---- what tracelogger.js uses

  // The view says everything again after "start", so what comes before is not needed.
  send(message) {
    this.isOn ||= message.type === "start";
    if (this.isOn && !this.isSpared(message)) {
      this.say(message);
    }
    this.isOn &&= message.type !== "stop";
  }

  isSpared(message) {
    if (message.type === "got") {
      this.batches = (this.batches + 1) % BATCHES;
    } else if (message.type === "start") {
      this.batches = 0;
    }
    return message.type === "got" && this.batches !== 0;
  }

  on(_event, listener) {
    this.listeners.add(listener);
  }

  off(_event, listener) {
    this.listeners.delete(listener);
  }
}

// Keys that are pressed in the panel are not the notebook's commands: D, D would delete the cell. JupyterLab asks the
// element with the focus, before anything in the page hears of the key. Those with Ctrl stay the notebook's, as to
// save it, but for the one that the panel has for its search. Returns what ends this.
function keepKeys(root) {
  const press = (event) => {
    if (root.contains(event.target)) {
      const isOfThePage = (event.ctrlKey || event.metaKey) && event.key !== "f";
      event.target.toggleAttribute("data-lm-suppress-shortcuts", !isOfThePage);
    }
  };
  window.addEventListener("keydown", press, true);
  return () => window.removeEventListener("keydown", press, true);
}

export default {
  async render({ model, el }) {
    const { default: page } = await load(model.get("_page"));
    const link = new Link(model);
    const root = document.createElement("div");
    el.append(root);
    const giveBackKeys = keepKeys(root);
    const end = page.render({ model: link, el: root });
    return () => {
      giveBackKeys();
      end();
      link.close();
    };
  },
};
