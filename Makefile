# Everything runs in .venv, made on first use. `make PYTHON=python3.12 test` chooses the interpreter.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
LOWEST := .venv-lowest
HUB := .venv-hub

.PHONY: demo test test-browser test-lowest test-hub fuzz soak lab bench mutants reference lint format clean

# Runs the notebooks on the lab network and prints what a reader of them sees.
demo: $(STAMP)
	$(BIN)/python -m tests.notebooks.demo

# Every test that needs no browser, and the lint.
test: $(STAMP) lint
	$(BIN)/python -m pytest -m "not browser and not hub" $(ARGS)

# JupyterLab in headless Chromium (Debian: apt-get install chromium fonts-liberation).
test-browser: $(STAMP)
	$(BIN)/python -m pytest -m browser $(ARGS)

# What touches the dependencies, with the lowest versions that pyproject.toml admits, in an environment of its own.
test-lowest: $(LOWEST)/.installed
	$(LOWEST)/bin/python -m pytest -m "not browser and not hub" $(or $(ARGS),$(DEPENDENT))

DEPENDENT := tests/kernel tests/http_client tests/lab tests/tls tests/websocket tests/web/test_web_protocol.py \
  tests/runtime/test_seal.py tests/runtime/test_memory.py tests/runtime/test_interrupt.py

# Twenty users at once on JupyterHub and Jupyter Kernel Gateway, in an environment of their own (needs npm too).
test-hub: $(HUB)/.installed
	$(HUB)/bin/python -m pytest -m hub $(or $(ARGS),tests/hub)

# Random Lua programs, in runtimes that must survive them: two minutes, or BA_LUA_FUZZ_S=600.
fuzz: $(STAMP)
	$(BIN)/python -m tests.fuzz $(ARGS)

# Mixed traffic, cells and interrupts for ten minutes, or BA_LUA_SOAK_S=60: nothing may be lost, nothing grow.
soak: $(STAMP)
	$(BIN)/python -m tests.soak $(ARGS)

# JupyterLab on the notebooks.
lab: $(STAMP)
	$(BIN)/jupyter lab --notebook-dir=notebooks

# Side by side with its peers: about five minutes, on an otherwise quiet machine.
bench: $(STAMP)
	$(BIN)/python -m tests.bench $(ARGS)

# Puts single faults into the files that differ from main, or into those that are named, and shows what no test
# notices: make mutants ARGS="--seed 7 --count 70 runtime/ba_runtime/lua/sockets".
mutants: $(STAMP)
	$(BIN)/python -m tests.mutants $(ARGS)

# Writes notebooks/reference.ipynb anew from the cards of the API, and runs its examples.
reference: $(STAMP)
	$(BIN)/python -m tests.notebooks.reference

lint: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	@if command -v luacheck >/dev/null; then luacheck -q runtime tests notebooks/.lua; else echo "luacheck: not installed, skipped"; fi

format: $(STAMP)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# What an installation copies, also one that is --editable.
COPIED := $(wildcard kernel/ba_kernel/kernelspec/* kernel/ba_kernel/labextension/*.json kernel/ba_kernel/labextension/static/*)

$(STAMP): pyproject.toml $(COPIED)
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet --editable ".[lab,test,browser,bench]"
	@touch $(STAMP)

$(LOWEST)/.installed: $(STAMP) tests/lowest.py
	$(PYTHON) -m venv --clear $(LOWEST)
	$(BIN)/python -m tests.lowest >$(LOWEST)/constraints.txt
	$(LOWEST)/bin/python -m pip install --quiet --constraint $(LOWEST)/constraints.txt --editable ".[test]"
	@touch $@

$(HUB)/.installed: $(STAMP)
	$(PYTHON) -m venv --clear $(HUB)
	$(HUB)/bin/python -m pip install --quiet --editable ".[lab,test,hub]"
	npm install --silent --no-audit --no-fund --prefix build/hub configurable-http-proxy@5
	@touch $@

clean:
	rm -rf $(VENV) $(LOWEST) $(HUB) build dist .mypy_cache .ruff_cache .pytest_cache
