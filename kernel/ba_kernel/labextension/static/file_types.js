// Two kinds of files for the file browser: Lua programs and Lua Server Pages, each with an icon.

// A crescent, and the angle brackets of a page around one. The colours stand out from a light and from a dark
// background.
const LUA_SVG = `<svg xmlns="http://www.w3.org/2000/svg" width="16" viewBox="0 0 22 22">
  <path fill="#3f7de0" d="M11 2.5a8.5 8.5 0 1 0 8.5 8.5A6.6 6.6 0 0 1 11 2.5z"/>
</svg>`;
const LSP_SVG = `<svg xmlns="http://www.w3.org/2000/svg" width="16" viewBox="0 0 22 22">
  <path fill="none" stroke="#e0793f" stroke-width="2" stroke-linecap="round" stroke-linejoin="round"
    d="M6 5.5 1.8 11 6 16.5M16 5.5l4.2 5.5-4.2 5.5"/>
  <path fill="#3f7de0" d="M11 7a4 4 0 1 0 4 4 3.2 3.2 0 0 1-4-4z"/>
</svg>`;

const KINDS = [
  { name: "lua", displayName: "Lua File", extensions: [".lua"], mimeTypes: ["text/x-lua"], svg: LUA_SVG },
  {
    name: "lsp",
    displayName: "Lua Server Page",
    extensions: [".lsp"],
    mimeTypes: ["text/x-lua-server-page"],
    svg: LSP_SVG,
  },
];

// Registers those that nobody else has registered before.
export function registerFileTypes(registry, { LabIcon }) {
  for (const { svg, ...kind } of KINDS) {
    if (!registry.getFileType(kind.name)) {
      const icon = new LabIcon({ name: `ba-lua-kernel:${kind.name}`, svgstr: svg });
      registry.addFileType({ ...kind, icon, contentType: "file", fileFormat: "text" });
    }
  }
}
