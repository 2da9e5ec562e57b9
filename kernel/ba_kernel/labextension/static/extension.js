// The plugin: it fetches what it needs from the front end's shared modules, and registers two languages for
// editors and two kinds of files.
//
// The rule is to do no harm. Whatever is missing, because a front end is older, newer or another one, is left
// out with a line in the browser's console, and the front end goes on as it would without this extension.

import { registerFileTypes } from "./file_types.js";
import { makeLanguages } from "./languages.js";

const EDITOR_MODULES = [
  "@codemirror/language",
  "@codemirror/state",
  "@jupyterlab/codemirror",
  "@lezer/common",
  "@lezer/highlight",
];

// Returns the plugin. `scope` maps the name of a shared module to its versions.
export async function makePlugin(scope) {
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
      console.warn(`ba-lua-kernel: ${name} is not to be had here; editors stay as they are.`, problem);
      return undefined;
    }
  }
  return taken;
}

function attempt(what, action) {
  try {
    action();
  } catch (problem) {
    console.warn(`ba-lua-kernel: ${what} could not be registered; editors stay as they are.`, problem);
  }
}
