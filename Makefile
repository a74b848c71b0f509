# The front door. `make` alone explains itself.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
WORKERS ?= 3

.DEFAULT_GOAL := help
.PHONY: help setup run demo test check bench package image smoke audit licences secrets lock openapi register bankid-contract clean

help: ## show what can be done
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /  make \1|/' | column -t -s '|'

setup: $(VENV)/.installed node_modules/.installed ## install everything (the others do it when needed)

run: setup ## run the whole service on this machine until Ctrl-C
	@exec $(BIN)/python -m local $(ARGS)

demo: setup ## do the whole main job and check every step: make demo FILE=path (default: a 20 MiB file it makes)
	@exec $(BIN)/python -m local.demo $(if $(FILE),"$(FILE)") $(ARGS)

test: setup ## run all tests, in several processes: many of them wait
	@$(BIN)/python -m local.tools
	@exec $(BIN)/python -m pytest --numprocesses $(WORKERS) --dist loadfile --no-loadscope-reorder $(ARGS)

check: setup ## lint, types, import rules and the quick tests
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy .
	$(BIN)/lint-imports
	$(BIN)/python -m pytest -q --numprocesses $(WORKERS) tests/architecture tests/unit tests/http tests/supply_chain/test_bandit.py tests/supply_chain/test_secrets.py

bench: setup ## measure, into build/bench.json
	@exec $(BIN)/python -m bench $(ARGS)

package: $(VENV)/.installed ## build what is deployed, into build/package.zip
	@$(BIN)/python -m local.package

image: package ## build the container from the package, where there is Docker
	@docker info >/dev/null 2>&1 || { echo "Docker is missing, or its daemon does not run" >&2; exit 1; }
	@docker build --tag private-identity-control .

audit: setup ## ask whether a weakness is known of what we use: 0 none, 1 yes, 3 could not be checked
	@$(BIN)/python -m local.audit

licences: setup ## write docs/licences.md anew from what packages state
	@$(BIN)/python -m local.licences

smoke: setup ## is a deployment fit to be opened? make smoke URL=https://portal.example.se (docs/operations.md)
	@$(BIN)/python -m local.smoke $(URL) $(ARGS)

secrets: setup ## write .secrets.baseline anew: what looks like a secret and is none
	@$(BIN)/python -m local.secret_scan

lock: setup ## resolve the requirements anew, with a week's cooldown
	$(BIN)/python -m local.lock

openapi: setup ## write docs/openapi.json and functions/route_table.py anew from the routes
	$(BIN)/python -m local.openapi

register: setup ## write docs/data-register.md anew from what is declared of records
	$(BIN)/python -m local.data_register

bankid-contract: setup ## check what the BankID simulator answers against BankID's test host (docs/bankid-contract.md)
	@$(BIN)/python -m tests.bankid_contract

clean: ## remove what was installed, built and stored here
	rm -rf $(VENV) node_modules build .local .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis

$(VENV)/.installed: requirements-dev.txt
	@command -v $(PYTHON) >/dev/null || { echo "Python is missing: install Python 3.11 or newer" >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "$(PYTHON) is too old: install Python 3.11 or newer, or say make PYTHON=python3.13" >&2; exit 1; }
	@echo "- installing Python packages"
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --only-binary :all: -r requirements-dev.txt
	@touch $@

node_modules/.installed: package-lock.json package.json
	@command -v npm >/dev/null || { echo "Node is missing: install Node 20 (with npm)" >&2; exit 1; }
	@echo "- installing Azurite and the Cosmos DB emulator"
	@npm ci --ignore-scripts --silent
	@touch $@
