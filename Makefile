# What there is to do here; `make` lists it. Needs GNU make 3.81 or newer, a POSIX shell and Python 3.11 or newer.

SHELL = /bin/sh
# The interpreter .venv is made with. Empty: the first of CANDIDATES that runs and is new enough.
PYTHON ?=
CANDIDATES = python3.13 python3.12 python3.11 python3.14 python3 python
# Where `make demo` listens, and what else demo, test, bench and lock pass on: make demo PORT=9000 ARGS=--no-browser
PORT ?= 8000
ARGS ?=
# Test processes; each starts its own PostgreSQL and Valkey. 0: everything in one process.
WORKERS ?= 2
# How long `make faults` breaks things.
SECONDS ?= 1800

CHECKS = format lint types imports schema contract migrations
BIN = .venv/bin
PIP_INSTALL = $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-input
UV = .venv/uv-0.13.9

.PHONY: help demo test faults bench bench-live check $(CHECKS:%=check-%) format schema lock interpreter clean

help:
	@echo "make demo        serve a demonstration organisation on port $(PORT) (PORT=, ARGS=)"
	@echo "make test        run every test (WORKERS=, ARGS=)"
	@echo "make bench       time nested reads beside a stock Strawberry server (ARGS=--help says more)"
	@echo "make bench-live  measure the live feed beside a graphql-ws server on Node (ARGS=--help says more)"
	@echo "make faults      break workers, Redis and databases for a while; prints the report (SECONDS=, ARGS=--help)"
	@echo "make check       $(CHECKS); or one of them: make check-types"
	@echo "make format      format the code and apply the safe fixes"
	@echo "make schema      write schema.graphql"
	@echo "make lock        pin the environment again (ARGS=--upgrade for newer versions)"
	@echo "make clean       remove .venv and whatever else is generated; the data in .okrgraph/ stays"

demo: .venv/.runtime
	@$(BIN)/okrgraph demo --port $(PORT) $(ARGS)

test: .venv/.dev
	@$(BIN)/pytest -n $(WORKERS) $(ARGS)

faults: .venv/.dev
	@$(BIN)/python -m tests.faults.long_mix --seconds $(SECONDS) $(ARGS)

bench: .venv/.dev
	@$(BIN)/python -m benchmarks.compare $(ARGS)

bench-live: .venv/.dev
	@$(BIN)/python -m benchmarks.live.run $(ARGS)

# Every check runs, whatever the one before it said; the summary comes last.
check: .venv/.dev
	@status=0; summary=; \
	for name in $(CHECKS); do \
		echo "--- $$name"; \
		if $(MAKE) --no-print-directory check-$$name; \
			then summary="$$summary\nok      $$name"; \
			else summary="$$summary\nFAILED  $$name"; status=1; \
		fi; \
	done; \
	printf "\n--- summary$$summary\n"; \
	exit $$status

check-format: .venv/.dev
	@$(BIN)/ruff format --check .

check-lint: .venv/.dev
	@$(BIN)/ruff check .

check-types: .venv/.dev
	@$(BIN)/mypy

check-imports: .venv/.dev
	@$(BIN)/lint-imports --no-logo

check-schema: .venv/.dev
	@$(BIN)/okrgraph schema > .venv/schema.graphql
	@diff -u schema.graphql .venv/schema.graphql \
		|| { echo "schema.graphql is not what the code says: run make schema and commit the result."; exit 1; }

check-contract: .venv/.dev
	@$(BIN)/pytest --quiet tests/contract

check-migrations: .venv/.dev
	@$(BIN)/python -m tests.check_migrations

format: .venv/.dev
	@$(BIN)/ruff check --fix --exit-zero .
	@$(BIN)/ruff format .

# By way of a second file, so that a failure leaves the committed one alone.
schema: .venv/.runtime
	@$(BIN)/okrgraph schema > .venv/schema.graphql
	@cp .venv/schema.graphql schema.graphql

# uv rather than pip-compile: one file then serves every Python from 3.11 on and every platform, by markers.
# Whatever index this machine is set to is used for the look-up and never written down.
COMPILE = $(UV)/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-emit-find-links --custom-compile-command "make lock" $(ARGS)

lock: $(UV)
	@$(COMPILE) pyproject.toml -o requirements/runtime.txt
	@$(COMPILE) requirements/build.in -c requirements/runtime.txt -o requirements/build.txt
	@$(COMPILE) pyproject.toml --extra dev requirements/build.in \
		-c requirements/runtime.txt -c requirements/build.txt -o requirements/dev.txt

$(UV): .venv/.python
	@$(BIN)/python -m venv $@.part
	@$@.part/bin/python -m pip install --quiet --disable-pip-version-check --no-input $(subst .venv/uv-,uv==,$(UV))
	@mv $@.part $@

interpreter:
	@$(find_python); echo "$$python"

# The stamps are written last: whatever is interrupted is done again.
.venv/.dev: .venv/.runtime requirements/dev.txt
	@echo "Installing what tests and checks need (once) ..."
	@$(PIP_INSTALL) --require-hashes -r requirements/dev.txt
	@touch $@

.venv/.runtime: .venv/.python requirements/runtime.txt requirements/build.txt pyproject.toml
	@echo "Installing what okrgraph needs (once) ..."
	@$(PIP_INSTALL) --require-hashes -r requirements/runtime.txt -r requirements/build.txt
	@$(PIP_INSTALL) --no-deps --no-build-isolation --editable .
	@touch $@

# A copied or moved checkout would run the code of the place its .venv was made in, so it makes its own.
ifneq ($(shell cat .venv/.python 2>/dev/null),$(CURDIR))
.PHONY: .venv/.python
endif

.venv/.python:
	@$(find_python); \
	echo "Making .venv with $$("$$python" --version) ..."; \
	"$$python" -m venv --clear .venv
	@echo "$(CURDIR)" > $@

define find_python
python=; bare=; \
for name in $(or $(PYTHON),$(CANDIDATES)); do \
	"$$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || continue; \
	if "$$name" -c 'import ensurepip, venv' 2>/dev/null; then python=$$name; break; fi; \
	bare=$${bare:-$$name}; \
done; \
if [ -z "$$python" ] && [ -n "$$bare" ]; then \
	echo "$$bare cannot make virtual environments: install its venv module (Debian, Ubuntu: apt-get install python3-venv)." >&2; \
	exit 1; \
elif [ -z "$$python" ]; then \
	echo "No Python 3.11 or newer was found: install one, or name it with make PYTHON=/path/to/python." >&2; \
	exit 1; \
fi
endef

clean:
	rm -rf .venv dist build .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find okrgraph tests benchmarks -name __pycache__ -type d -prune -exec rm -rf {} +
