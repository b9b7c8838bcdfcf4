# Every command does the set-up it needs by itself, with nothing but Python (3.11 or newer) and make.

PYTHON ?= python3
VENV ?= .venv
ARGS ?=

BIN := $(VENV)/bin
INPUTS := pyproject.toml requirements/dev.txt
# pyright looks at the registry for a newer release of itself and says so; ours is pinned.
export PYRIGHT_PYTHON_IGNORE_WARNINGS := 1
# Bytecode is kept, whatever is set here: else each of many processes compiles all of ensue and of its tests again.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help setup demo test lint check format bench requirements clean

help: ## list these commands
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

# Two stamps in one environment: `make demo` needs what a user of ensue needs, which is quick; all else needs the tools as well.
# Versions are those of requirements/dev.txt in both. A stamp is newer than its inputs once its set-up has gone through.
$(VENV)/.stamp-runtime: $(INPUTS)
	@command -v $(PYTHON) >/dev/null || { echo "There is no $(PYTHON) here. Install Python 3.11 or newer, or say where it is: make PYTHON=/path/to/python3" >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.version_info >= (3, 11) or sys.exit("ensue needs Python 3.11 or newer, and $(PYTHON) is %d.%d. Say where a newer one is: make PYTHON=/path/to/python3" % sys.version_info[:2])'
	@echo "Setting up $(VENV) ..."
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install -qq --disable-pip-version-check --constraint requirements/dev.txt --editable .
	@touch $@

$(VENV)/.stamp-tools: $(VENV)/.stamp-runtime
	@echo "Installing the tools of development ..."
	@$(BIN)/python -m pip install -qq --disable-pip-version-check --requirement requirements/dev.txt
	@touch $@

setup: $(VENV)/.stamp-tools ## make the environment in .venv; the other commands do it by themselves

demo: $(VENV)/.stamp-runtime ## run the clinic on an embedded database: a patient's timeline, then proof
	@$(BIN)/ensue demo $(ARGS)

# Each process takes its half in order, and what the other has left in the end: so the tests of a file share what they set up.
test: $(VENV)/.stamp-tools ## run the tests on every core; ARGS="-n 0 -k chain" picks some, in one process
	@$(BIN)/python -m pytest -n auto --dist worksteal $(ARGS)

lint: $(VENV)/.stamp-tools ## check format, lint and types
	$(BIN)/ruff format --check
	$(BIN)/ruff check
	$(BIN)/mypy
	$(BIN)/pyright

check: lint test ## everything that must hold before a change is handed over

format: $(VENV)/.stamp-tools ## format the code and sort its imports
	$(BIN)/ruff check --fix-only
	$(BIN)/ruff format

bench: $(VENV)/.stamp-tools ## measure against peers and the raw database; writes build/benchmarks
	@$(BIN)/python -m benchmarks $(ARGS)

requirements: $(VENV)/.stamp-tools ## pin the newest dependencies again, for every Python and platform
	@$(BIN)/python -m pip install -qq --disable-pip-version-check uv
	$(BIN)/uv pip compile pyproject.toml --extra postgresql --extra dask --group dev --group bench --upgrade \
		--universal --python-version 3.11 --no-emit-index-url --no-emit-find-links \
		--custom-compile-command "make requirements" --quiet --output-file requirements/dev.txt

clean: ## delete what tests and builds left; the environment stays
	rm -rf build dist .hypothesis .mypy_cache .pytest_cache .ruff_cache
	find src tests benchmarks -name __pycache__ -type d -prune -exec rm -rf {} +
