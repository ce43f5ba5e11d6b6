# changeflow: `make help` lists the targets. Needs Python 3.11 or newer and nothing else.
PYTHON ?= python3
PORT ?= 8000
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check -q
# Each worker runs neighbouring tests, which share a module's set-up, and takes over others' when it has none left.
TESTS := $(BIN)/python -m pytest --dist worksteal -n
# Let Python keep compiled files: otherwise each test worker compiles 400 test modules again, for six seconds.
export PYTHONDONTWRITEBYTECODE :=
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

run: $(VENV)/.ready  ## Run the demo on the sample programme: plan, store, remind, report
	@$(BIN)/python -m demo out

serve: $(VENV)/.ready  ## Open the sample in the browser, signed in as each of three people (after `make run`)
	@test -f out/changeflow.db || $(MAKE) -s run
	@$(BIN)/changeflow db upgrade --db sqlite:///out/changeflow.db
	@CHANGEFLOW_DB=sqlite:///out/changeflow.db CHANGEFLOW_BASE_URL=http://127.0.0.1:$(PORT) $(BIN)/changeflow serve --port $(PORT) --at 2027-05-20T09:00 \
	  --sign-in programme-manager --sign-in chief-executive --sign-in ashdown-head

test: $(VENV)/.ready  ## Run the tests in six minutes (CHANGEFLOW_TESTS=thorough as CI does, in half an hour; whole: all)
	@$(TESTS) 3 -rs  # some tests wait for servers, so two cores can run three workers; skipped tests are listed

check: $(VENV)/.ready  ## Check format, lint, types and layers, and run the fast tests
	@# Both at once: on a fresh clone mypy takes half a minute, on one core.
	@$(MAKE) -s lint >$(VENV)/lint.log 2>&1 & lint=$$!; \
	  $(TESTS) 2 -m "not slow" --hypothesis-profile quick; tests=$$?; \
	  wait $$lint; lint=$$?; cat $(VENV)/lint.log; exit $$((tests | lint))

lint: $(VENV)/.ready  ## Check format, lint, types and layers, without tests
	@$(BIN)/ruff format --check -q .
	@$(BIN)/ruff check -q .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-cache >$(VENV)/imports.log || { cat $(VENV)/imports.log; exit 1; }
	@tail -n 3 $(VENV)/imports.log

pictures: $(VENV)/.ready  ## Take the pictures of the README and docs from what `make run` wrote (needs chromium)
	@$(BIN)/python -m tests.browser.pictures

messages: $(VENV)/.ready  ## Update the catalogues of messages from the templates and the code
	@$(BIN)/python -m tests.languages.extracting

format: $(VENV)/.ready  ## Format the code
	@$(BIN)/ruff check -q --fix . ; $(BIN)/ruff format -q .

bench: $(VENV)/.ready  ## Run the benchmarks; writes bench/out.json (ONLY=group runs one group)
	@$(BIN)/python -m bench $(ONLY)

chaos: $(VENV)/.ready  ## Kill processes and cut connections thousands of times, and count losses (an hour; PART=sign-ins runs one part)
	@$(BIN)/python -m chaos $(if $(PART),--part $(PART))

audit-mutations: $(VENV)/.ready  ## Tamper with a database 10,000 times in each of 27 ways; the audit finds all (half an hour)
	@MUTATIONS=10000 $(BIN)/python -m pytest -n 2 -q tests/storage/test_audit_mutations.py

disclosure: $(VENV)/.ready  ## Attack the published results of 10,000 random trusts, and count what is revealed
	@$(BIN)/python -m disclosure

oracles: $(VENV)/.ready  ## Plan 5,000 random programmes twice, with the engine and independent arithmetic (an hour)
	@$(BIN)/python -m tests.oracles

clean:  ## Remove everything that these targets made
	rm -rf $(VENV) out build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis

.PHONY: help install run serve test check lint pictures messages format bench chaos audit-mutations disclosure oracles clean
