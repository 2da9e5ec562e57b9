"""Puts single faults into the code and sees whether the tests notice: `make mutants`.

`_fault.py` says what a fault is and draws a sample of them, `_python.py` and `_lua.py` find every fault of a
file, `_suites.py` says which tests belong to which folder, `_tree.py` makes the copy in which everything
happens, and `_trial.py` runs the tests against one fault. No part of CI: it takes seconds for each fault, and
what survives wants to be read by a person, because some faults change nothing that anyone could see.

The Python half uses neither mutmut nor cosmic-ray. mutmut draws no sample and runs its tests in processes
forked from one that has imported the code, and most tests here start runtimes, kernels and command lines of
their own, which import the files afresh; cosmic-ray writes its faults into the working tree. Neither knows
Lua, which is half of the code: one copy of the tree, one sample and one report for both languages need little
more than the operators, and these are a page each.
"""
