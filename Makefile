# make run     install what is needed, then start Usance on http://127.0.0.1:8080
# make test    everything that CI runs
# make check   the quick ones: format, lint, types, imports, core tests
# make bench   renewals, events and checks a second, against baselines of the same run
# make soak    the core against the auditor with fresh lives, for SECONDS (default an hour)
# make lock    pin the newest versions again
# make schema  write src/usance/store/schema.sql from the migrations

# The first Python of at least 3.11; `make PYTHON=/path/to/python3 …` chooses another.
PYTHON ?= $(or $(shell for p in python3 python3.14 python3.13 python3.12 python3.11; do \
	"$$p" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo "$$p"; break; }; \
	done),python3)
BIN := .venv/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --no-input --quiet
LOCK := $(BIN)/uv pip compile --quiet --upgrade --universal --python-version 3.11 \
	--generate-hashes --no-emit-index-url --no-emit-find-links --no-annotate --no-header
# What has no database is not run once for each.
NEEDS_NO_DATABASE := $(foreach part,core machine costs documents statements mail,--ignore=tests/$(part))
PYTEST := $(BIN)/python -m pytest -q
WORKERS ?= auto
SECONDS ?= 3600

.PHONY: run install install-dev test check style core soak bench cover schema lock clean
.DEFAULT_GOAL := help

help:
	@sed -n 's/^# \(make .*\)/\1/p' Makefile

run: install
	@exec $(BIN)/usance serve

# --- installing: again only when the pins or the package's metadata changed -------------------

install: .venv/.installed
install-dev: .venv/.installed-dev

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "Usance needs Python 3.11 or newer; '$(PYTHON)' is missing or older." >&2; \
		echo "Install one (Debian, Ubuntu: apt install python3 python3-venv), or name one:" >&2; \
		echo "  make PYTHON=/path/to/python3.11 $(or $(MAKECMDGOALS),install)" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
		echo "'$(PYTHON)' has no venv module. Debian, Ubuntu: apt install python3-venv" >&2; exit 1; }
	@echo "Making .venv with $$($(PYTHON) --version)"
	@$(PYTHON) -m venv .venv || { rm -rf .venv; exit 1; }

.venv/.installed: $(BIN)/python requirements.txt pyproject.toml
	@echo "Installing from requirements.txt"
	@$(PIP) install --require-hashes -r requirements.txt
	@$(PIP) install --no-deps --no-build-isolation -e .
	@touch $@

.venv/.installed-dev: .venv/.installed requirements-dev.txt requirements-rules.txt
	@echo "Installing from requirements-dev.txt"
	@$(PIP) install --require-hashes -r requirements-dev.txt
	@$(PIP) install --no-deps --require-hashes -r requirements-rules.txt
	@touch $@

# --- checking: stops at the first stage that fails ---------------------------------------------

check: style core

test: style core
	@echo "== Everything, on the embedded PostgreSQL"
	@USANCE_TEST_POSTGRES=embedded $(PYTEST) -n $(WORKERS) --ignore=tests/core
	@if ls /usr/lib/postgresql/*/bin/postgres >/dev/null 2>&1; then \
		echo "== Everything, on the system's PostgreSQL"; \
		USANCE_TEST_POSTGRES=system $(PYTEST) -n $(WORKERS) $(NEEDS_NO_DATABASE); \
	elif [ -n "$$CI" ]; then \
		echo "The system's PostgreSQL is missing: apt install postgresql-15" >&2; exit 1; \
	else \
		echo "== Skipped: the same on the system's PostgreSQL (none is installed; CI runs it)"; \
	fi

style: install-dev
	@echo "== Format"
	@$(BIN)/ruff format --check --quiet .
	@echo "== Lint"
	@$(BIN)/ruff check --quiet .
	@echo "== Types"
	@$(BIN)/mypy --no-error-summary
	@echo "== Imports"
	@$(BIN)/lint-imports --no-logo >.venv/imports.log || { cat .venv/imports.log; exit 1; }

core: install-dev
	@echo "== Core"
	@if [ -d tests/core ]; then $(PYTEST) tests/core; fi

bench: install-dev
	@$(BIN)/python -m bench.renewals
	@$(BIN)/python -m bench.metering

soak: install-dev
	@USANCE_SOAK_SECONDS=$(SECONDS) $(PYTEST) -s -m soak tests/machine

cover: install-dev
	@$(BIN)/coverage erase
	@$(BIN)/coverage run -m pytest -q -n $(WORKERS)
	@$(BIN)/coverage combine --quiet
	@$(BIN)/coverage report
	@$(BIN)/coverage report --include='src/usance/core/*' --fail-under=100

# --- generated files -----------------------------------------------------------------------------

schema: install
	@$(BIN)/python -m usance.store.dump_schema src/usance/store/schema.sql

lock: install-dev
	@$(LOCK) pyproject.toml requirements.in -o requirements.txt
	@$(LOCK) requirements-dev.in -o requirements-dev.txt
	@$(LOCK) --no-deps requirements-rules.in -o requirements-rules.txt

clean:
	@rm -rf .venv build dist .coverage .coverage.* .mypy_cache .pytest_cache .ruff_cache .hypothesis \
		.import_linter_cache
	@find src tests -name __pycache__ -type d -prune -exec rm -rf {} +
