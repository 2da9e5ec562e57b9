/* The door through which JupyterLab and Notebook 7 take this extension in: a container of webpack's module
 * federation, written by hand. A container has two functions. `init` is given the modules that the front end
 * shares (webpack's "share scope"); `get` answers with a function that returns a module.
 *
 * The front end loads this file as a classic script and everything else, from here, as ES modules. There is
 * no build: what is in this directory is what runs. The server sends these files with "no-cache", so a
 * browser never mixes two versions.
 */
(() => {
  const here = document.currentScript.src;
  let scope = {};
  window._JUPYTERLAB ??= {};
  window._JUPYTERLAB["ba-lua-kernel"] = {
    init(shared) {
      scope = shared;
    },
    async get() {
      const { makePlugins } = await import(new URL("extension.js", here));
      const plugins = await makePlugins(scope);
      return () => ({ __esModule: true, default: plugins });
    },
  };
})();
