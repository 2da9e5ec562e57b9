// The plugins: they fetch what they need from the front end's shared modules. One registers two languages for editors
// and two kinds of files, the other looks after the trace areas of pages that are loaded again.
//
// The rule is to do no harm. Whatever is missing, because a front end is older, newer or another one, is left
// out with a line in the browser's console, and the front end goes on as it would without this extension.

import { registerFileTypes } from "./file_types.js";
import { makeLanguages } from "./languages.js";
import { followAreas } from "./trace_area.js";

const EDITOR_MODULES = [
  "@codemirror/language",
  "@codemirror/state",
  "@jupyterlab/codemirror",
  "@lezer/common",
  "@lezer/highlight",
];

// Returns the plugins. `scope` maps the name of a shared module to its versions.
export async function makePlugins(scope) {
  return [await makeEditorPlugin(scope), await makeTracePlugin(scope)];
}

async function makeTracePlugin(scope) {
  const notebook = await take(scope, ["@jupyterlab/notebook"]);
  const INotebookTracker = notebook?.["@jupyterlab/notebook"].INotebookTracker;
  return {
    id: "ba-lua-kernel:trace-area",
    description: "The trace area of Lua notebooks goes on after a reload.",
    autoStart: true,
    optional: INotebookTracker ? [INotebookTracker] : [],
    activate(_app, tracker) {
      if (tracker) {
        attempt("the trace area", () => followAreas(tracker));
      }
    },
  };
}

async function makeEditorPlugin(scope) {
  const editor = await take(scope, EDITOR_MODULES);
  const components = await take(scope, ["@jupyterlab/ui-components"]);
  const IEditorLanguageRegistry = editor?.["@jupyterlab/codemirror"].IEditorLanguageRegistry;
  return {
    id: "ba-lua-kernel:editor",
    description: "Lua 5.4 and Lua Server Pages in editors.",
    autoStart: true,
    optional: IEditorLanguageRegistry ? [IEditorLanguageRegistry] : [],
    activate(app, registry) {
      if (registry) {
        attempt("the languages", () => {
          makeLanguages(editor, registry).forEach((language) => registry.addLanguage(language));
        });
      }
      if (components) {
        attempt("the kinds of files", () =>
          registerFileTypes(app.docRegistry, components["@jupyterlab/ui-components"]),
        );
      }
    },
  };
}

// Returns the shared modules with these names, or undefined if one of them is missing.
async function take(scope, names) {
  const taken = {};
  for (const name of names) {
    const versions = Object.values(scope[name] ?? {});
    // These packages are singletons in the front end: if there are two versions, the loaded one is in use.
    const version = versions.find(({ loaded }) => loaded) ?? versions[0];
    try {
      taken[name] = (await version.get())();
    } catch (problem) {
      console.warn(`ba-lua-kernel: ${name} is missing here; what needs it is left out.`, problem);
      return undefined;
    }
  }
  return taken;
}

function attempt(what, action) {
  try {
    action();
  } catch (problem) {
    console.warn(`ba-lua-kernel: ${what} could not be registered and is left out.`, problem);
  }
}
