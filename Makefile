.DEFAULT_GOAL := help
.PHONY: bench-views views simulate bench-quota help demo test check fmt bench corpus fuzz lock clean defences faults

# The first Python of at least 3.11 on this machine; override with `make PYTHON=...`.
PYTHON ?= $(shell for p in python3.11 python3.12 python3.13 python3; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
BIN := .venv/bin
READY := .venv/.ready
ARGS ?=

help: ## Show this list
	@grep -hE '^[a-z/-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-8s %s\n", $$1, $$2}'

$(READY): requirements/all.txt pyproject.toml
	@test -n "$(PYTHON)" || { echo "mailroom needs Python 3.11 or newer: none was found. Install it, or name one: make PYTHON=/path/to/python3.11"; exit 2; }
	@echo "Setting up .venv with $(PYTHON) (once; about a minute)"
	@$(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --requirement requirements/all.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

demo: $(READY) ## The whole pipeline on this machine: Postgres, Pub/Sub, a local Google, a sample fund (ARGS=--once to stop when done)
	@$(BIN)/mailroom demo $(ARGS)

test: $(READY) ## Every test, on real servers (ARGS passes options to pytest; -n 0: one after the other)
	@$(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder $(ARGS)

check: $(READY) ## Lint, types, import contracts, then the tests
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder $(ARGS)

fmt: $(READY) ## Format the code and apply safe fixes
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(READY) ## Measure against a named alternative (ARGS=--json for machines)
	@$(BIN)/mailroom bench $(ARGS)

corpus: $(READY) ## What mailroom reads in foreign mail, beside what others read in it (ARGS=FOLDER, when it lies elsewhere)
	@$(BIN)/mailroom corpus $(ARGS)

fuzz: $(READY) ## Five minutes of damaged mail through the parser (ARGS=--minutes=N)
	@$(BIN)/mailroom fuzz $(ARGS)

bench-quota: $(READY) ## Count Gmail's quota units of a first capture (ARGS="--json FILE")
	@$(BIN)/mailroom bench-quota $(ARGS)

bench-views: $(READY) ## Measure the CRM's views at a million messages (ARGS=--plans)
	@$(BIN)/mailroom bench-views $(ARGS)

views: $(READY) ## Write docs/crm-views.md from the comments in the database
	@$(BIN)/mailroom views > docs/crm-views.md

simulate: $(READY) ## Two thousand schedules of everything that may happen, forty minutes (ARGS=--hypothesis-seed=N to repeat one)
	@MAILROOM_SCHEDULES=$${MAILROOM_SCHEDULES:-2000} $(BIN)/python -m pytest -q -s tests/simulation -k whatever $(ARGS)

faults: $(READY) ## Kill and stop real processes in the middle of their work (two minutes)
	@MAILROOM_FAULTS=1 $(BIN)/python -m pytest -q -s tests/faults $(ARGS)

defences: $(READY) ## Take out each defence in turn: the simulation must notice (half an hour)
	@MAILROOM_DEFENCES=1 $(BIN)/python -m pytest -q -s tests/simulation -k defence $(ARGS)

lock: ## Pin every dependency with its hashes (needs uv on the PATH)
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
		--no-header --no-annotate --no-emit-find-links --extra local --group dev --output-file requirements/all.txt pyproject.toml

clean: ## Remove the environment and the data of the demo
	rm -rf .venv data .mypy_cache .ruff_cache .import_linter_cache .hypothesis
