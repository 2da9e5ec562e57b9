# Everything runs in .venv, made on first use. `make PYTHON=python3.12 test` chooses the interpreter.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

.PHONY: demo test test-browser fuzz lab bench lint format clean

# Runs the notebooks on the lab network and prints what a reader of them sees.
demo: $(STAMP)
	$(BIN)/python -m tests.notebooks.demo

# Every test that needs no browser, and the lint.
test: $(STAMP) lint
	$(BIN)/python -m pytest -m "not browser" $(ARGS)

# JupyterLab in headless Chromium (Debian: apt-get install chromium).
test-browser: $(STAMP)
	$(BIN)/python -m pytest -m browser $(ARGS)

# Random Lua programs, in runtimes that must survive them: two minutes, or BA_LUA_FUZZ_S=600.
fuzz: $(STAMP)
	$(BIN)/python -m tests.fuzz $(ARGS)

# JupyterLab on the notebooks.
lab: $(STAMP)
	$(BIN)/jupyter lab --notebook-dir=notebooks

# Side by side with its peers: about four minutes, on an otherwise quiet machine.
bench: $(STAMP)
	$(BIN)/python -m tests.bench $(ARGS)

lint: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	@if command -v luacheck >/dev/null; then luacheck -q runtime tests notebooks/.lua; else echo "luacheck: not installed, skipped"; fi

format: $(STAMP)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

$(STAMP): pyproject.toml kernel/ba_kernel/kernelspec/kernel.json
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet --editable ".[lab,test,browser,bench]"
	@touch $(STAMP)

clean:
	rm -rf $(VENV) build dist .mypy_cache .ruff_cache .pytest_cache
