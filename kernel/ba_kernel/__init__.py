"""The Jupyter kernel for Lua with the `ba.socket` API: messages in, output out; Lua itself is in
`ba_runtime`.

Where things are: `kernel.py` answers the front end's requests, `_cell.py` runs one execute request,
`_output.py` carries what a cell prints, `_page.py` shows what a page wrote, `_trace_area.py` (with
`_trace_html.py` and `ba_runtime.trace`) is the place for what goes on in the background, `_faults.py` shows
what goes wrong there at the cells, `_window.py` is the TraceLogger in a browser window, `_magics.py` (with
`_magic_*.py`) runs the lines that begin with `%`,
`_complete.py` and `_inspect.py` help with writing, `_input.py` asks the user for a line, `_engine.py` holds
the Lua state of the moment, and `_app.py` is the process around it all. `command/` is the command `ba-lua`,
`_script.py` the form of its scripts, `_exporter.py` makes them of notebooks, and `_papermill.py` is for
papermill.
"""

__version__ = "0.1.0"
