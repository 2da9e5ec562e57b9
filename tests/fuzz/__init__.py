"""Random Lua programs, in runtimes that must survive them: `python -m tests.fuzz` (or `make fuzz`).

`rules.py` is the grammar, as data; `grammar.py` grows a program from a seed and a number; `_prelude.lua` is
what every program has at hand. `trial.py` runs one program in a runtime and judges what happened, in the
processes of `worker.py`; `watch.py` stands outside: it starts these, feeds them, and notices when one dies or
falls silent. `shrink.py` drops statements for as long as the finding stays.

A finding is a crash, a hang, an interrupt that ends nothing, a loop of the runtime's that failed, a Python
object or a position of our own code in a program's hands, descriptors or threads that are left, or a runtime
that cannot run a small cell afterwards. What a program itself does wrong is not one.
"""
