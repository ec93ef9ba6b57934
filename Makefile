# Everything a newcomer types. Each target is one line of what it does.
PYTHON ?= python3
BIN := .venv/bin
export RAY_USAGE_STATS_ENABLED = 0

.PHONY: setup demo check test test-slow bench clean

setup: .venv/installed  ## make the .venv with everything in it (about 5 minutes)

.venv/installed: pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv
	$(BIN)/pip install -q --upgrade pip
	$(BIN)/pip install -q -c constraints.txt torch
	$(BIN)/pip install -q -c constraints.txt -e '.[dev]'
	touch .venv/installed

demo: setup  ## render three cameras and a drone, back-fill them, compare with the truth
	$(BIN)/vigie demo

check: setup  ## lint, types, import contracts
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

test: setup  ## under 15 minutes on 2 cores
	$(BIN)/pytest

test-slow: setup  ## real footage and long renders
	$(BIN)/pytest -m slow

clean:
	rm -rf .venv out .pytest_cache .mypy_cache .ruff_cache .import_linter_cache
