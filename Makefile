# changeflow: `make help` says what there is. Needs Python 3.11 or newer and nothing else.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check -q
# Each worker has neighbouring tests, which share what a module prepares, and takes over others' when it has none left.
TESTS := $(BIN)/python -m pytest --dist worksteal -n
export DO_NOT_TRACK := 1
export PREFECT_SERVER_ANALYTICS_ENABLED := false

.DEFAULT_GOAL := help

help:  ## Show this list
	@grep -hE '^[a-z-]+:.*  ## ' $(MAKEFILE_LIST) | sed 's/:.*  ## /\t/' | expand -t 12

$(VENV)/.ready: pyproject.toml constraints.txt
	@echo "Setting up $(VENV): a minute or so, once ..."
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "changeflow needs Python 3.11 or newer; say which with PYTHON=python3.11")'
	@$(PYTHON) -m venv $(VENV)
	@$(PIP) install -c constraints.txt -e '.[dev]' 2>&1 | grep -v '^WARNING: Location' || true
	@$(BIN)/changeflow --version
	@touch $@

install: $(VENV)/.ready  ## Set up the environment

run: $(VENV)/.ready  ## The demo, on the sample programme: plan, store, nudge, report
	@$(BIN)/python -m demo out

serve: $(VENV)/.ready  ## Open the sample in the browser, signed in as each of three people (after `make run`)
	@test -f out/changeflow.db || $(MAKE) -s run
	@$(BIN)/changeflow db upgrade --db sqlite:///out/changeflow.db
	@CHANGEFLOW_DB=sqlite:///out/changeflow.db $(BIN)/changeflow serve --at 2027-05-20T09:00 \
	  --sign-in programme-manager --sign-in chief-executive --sign-in ashdown-head

test: $(VENV)/.ready  ## Every test
	@$(TESTS) 3 -rs  # some wait for servers, so that two cores have work for three; what is skipped is listed

check: $(VENV)/.ready  ## Quick: format, lint, types, layers, the fast tests
	@$(MAKE) -s lint
	@$(TESTS) 2 -m "not slow"

lint: $(VENV)/.ready  ## Format, lint, types and layers, without tests
	@$(BIN)/ruff format --check -q .
	@$(BIN)/ruff check -q .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-cache >$(VENV)/imports.log || { cat $(VENV)/imports.log; exit 1; }
	@tail -n 3 $(VENV)/imports.log

messages: $(VENV)/.ready  ## Bring the catalogues of messages up to date with the templates and the code
	@$(BIN)/python -m tests.languages.extracting

format: $(VENV)/.ready  ## Write the code in the house's format
	@$(BIN)/ruff check -q --fix . ; $(BIN)/ruff format -q .

bench: $(VENV)/.ready  ## Measure; writes bench/out.json (ONLY=group runs one group)
	@$(BIN)/python -m bench $(ONLY)

chaos: $(VENV)/.ready  ## Kill, restart and cut lines, thousands of times, and count what is lost (twenty minutes)
	@$(BIN)/python -m chaos

audit-mutations: $(VENV)/.ready  ## Change a database ten thousand times in each of 27 ways (half an hour): the audit finds all
	@MUTATIONS=10000 $(BIN)/python -m pytest -n 2 -q tests/storage/test_audit_mutations.py

disclosure: $(VENV)/.ready  ## Attack 10 000 random trusts with their sequences, and count what is found
	@$(BIN)/python -m disclosure

oracles: $(VENV)/.ready  ## Answer 5 000 random programmes twice, by the engine and by independent arithmetic (an hour)
	@$(BIN)/python -m tests.oracles

clean:  ## Remove what these commands made
	rm -rf $(VENV) out build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis

.PHONY: help install run serve test check lint messages format bench chaos audit-mutations disclosure oracles clean
