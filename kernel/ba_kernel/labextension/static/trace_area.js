// The trace area of a page that has been loaded again.
//
// A kernel updates an output by a name that comes with it and that no notebook file keeps. So a page that is loaded
// again shows the area as it was saved, and it would stand still and look as if nothing happened. Here the page asks the
// kernel on a comm which name the area has now, and in which cell it is; from then on its updates are put there. An area
// that no kernel knows, since it is from an earlier one, says so.

const TARGET = "ba-lua.trace-area";
const KERNEL = "ba-lua";
const AREA = '<div class="ba-trace">';
const SAVED = "ba-lua-saved";
const STYLE = `
.${SAVED} .ba-trace > div:last-child::after {
  content: " · not live; %trace here shows the live trace";
  font-style: italic;
}`;

// Looks after every notebook that `tracker` has or will have.
export function followAreas(tracker) {
  const style = document.createElement("style");
  style.textContent = STYLE;
  document.head.append(style);
  tracker.forEach((panel) => new Follower(panel));
  tracker.widgetAdded.connect((_, panel) => new Follower(panel));
}

const isArea = (output) => String(output.data?.["text/html"] ?? "").startsWith(AREA);

function areasOf(cell) {
  const outputs = cell.model.outputs;
  return Array.from({ length: outputs?.length ?? 0 }, (_, at) => at).filter((at) => isArea(outputs.get(at)));
}

class Follower {
  constructor(panel) {
    this.panel = panel;
    this.followed = null; // the name of the area's updates, and its cell
    const session = panel.sessionContext;
    session.kernelChanged.connect(() => this.meet());
    session.iopubMessage.connect((_, message) => this.take(message));
    session.statusChanged.connect((_, status) => {
      if (status === "restarting" || status === "autorestarting") {
        this.markAll();
      }
    });
    this.meet();
  }

  // A kernel is there: asks it which of the areas is its own.
  async meet() {
    await this.panel.revealed;
    await this.panel.sessionContext.ready;
    const kernel = this.panel.sessionContext.session?.kernel;
    if (kernel && kernel === this.met) {
      return;
    }
    this.met = kernel;
    const marked = kernel?.name === KERNEL ? this.markAll() : [];
    if (marked.length > 0) {
      const comm = kernel.createComm(TARGET);
      comm.onMsg = (message) => this.follow(message.content.data);
      comm.open({ cells: marked.map((cell) => cell.model.id) });
    }
  }

  get cells() {
    return this.panel.content.widgets;
  }

  // Says of every area that it is not live; returns the cells that have one.
  markAll() {
    this.followed = null;
    const marked = this.cells.filter((cell) => areasOf(cell).length > 0);
    for (const cell of marked) {
      cell.node.classList.add(SAVED);
      this.unmarkWhenCleared(cell);
    }
    return marked;
  }

  unmarkWhenCleared(cell) {
    const { outputs } = cell.model;
    const changed = () => {
      if (areasOf(cell).length === 0) {
        outputs.changed.disconnect(changed);
        cell.node.classList.remove(SAVED);
        if (this.followed?.cell === cell) {
          this.followed = null;
        }
      }
    };
    outputs.changed.connect(changed);
  }

  follow({ display_id: name, cell: id }) {
    const cell = name && this.cells.find((one) => one.model.id === id && areasOf(one).length > 0);
    if (cell) {
      cell.node.classList.remove(SAVED);
      this.followed = { name, cell };
    }
  }

  take(message) {
    const { data, metadata, transient } = message.content;
    if (!this.followed || message.header.msg_type !== "update_display_data" || transient?.display_id !== this.followed.name) {
      return;
    }
    const { cell } = this.followed;
    for (const at of areasOf(cell)) {
      cell.model.outputs.set(at, { output_type: "display_data", data, metadata });
    }
  }
}
