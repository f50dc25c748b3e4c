# The two commands: `make run` and `make test`. Both set up what they need first; the second time that takes no time.

PYTHON ?= python3
VENV := .venv
PY := $(VENV)/bin/python
LOCK := uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --quiet

# Compiled modules halve the time of a start, so they are written even where the environment says otherwise.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help run setup test check bench chaos lock papers words clean

help: ## Say what there is
	@sed -n 's/^\([a-z]*\):.*## /  make \1\t/p' $(MAKEFILE_LIST) | expand -t 16

run: $(VENV)/.ready ## Serve Haggle with stand-in marketplaces on http://localhost:8080 (PORT=8081 DATA=folder)
	@exec $(PY) -m bot serve --sandbox $(if $(PORT),--port $(PORT)) $(if $(DATA),--data "$(DATA)")

setup: $(VENV)/.ready ## Make the virtual environment with the pinned dependencies
	@echo "Haggle is set up: make run, or $(VENV)/bin/haggle --help"

test: check ## Run everything that CI runs
	$(PY) -m pytest -n $$(($$(nproc) + 1)) --dist worksteal

check: $(VENV)/.ready-dev ## Lint, types and the arrows between folders
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(PY) -m mypy
	$(VENV)/bin/lint-imports

bench: $(VENV)/.ready-dev ## Measure: ratios as a table and JSON
	$(PY) -m tests.bench

chaos: $(VENV)/.ready-dev ## Sell under faults, kills and freezes (SEEDS=200 FROM=1), random histories, and pairs of presses at once
	$(PY) -m tests.chaos --seeds $(or $(SEEDS),200) --from $(or $(FROM),0) --together 5 --postgres
	$(PY) -m tests.chaos --seeds 50 --from $(or $(FROM),0)
	HAGGLE_HISTORIES=50 $(PY) -m pytest --timeout 3600 tests/chaos/test_at_once.py
	HAGGLE_RACES=200 $(PY) -m pytest --timeout 900 tests/bot/test_races.py
	$(PY) -m pytest -n $$(nproc) --timeout 900 -m hypothesis --hypothesis-profile chaos

lock: ## Make the lock files anew (needs uv)
	$(LOCK) pyproject.toml --output-file requirements.lock
	$(LOCK) pyproject.toml --extra dev --output-file requirements-dev.lock

papers: $(VENV)/.ready ## Write what README and .env.example say about commands and settings anew
	$(PY) -m bot.papers .

words: $(VENV)/.ready ## Bring the catalogues of other languages up to date with the code
	$(PY) -m bot.catalogues

clean: ## Remove what was made, but never the data folder
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis build dist *.egg-info
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# The development lock holds everything of the other one, so a machine that tests needs one installation only.
$(VENV)/.ready: requirements.lock Makefile $(wildcard $(VENV)/.ready-dev)
	@test -e $(VENV)/.ready-dev && test ! requirements.lock -nt $(VENV)/.ready-dev || { $(MAKE) --no-print-directory $(VENV)/.venv && \
	  $(PY) -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock; }
	@$(call link)
	@touch $@

$(VENV)/.ready-dev: requirements-dev.lock Makefile
	@$(MAKE) --no-print-directory $(VENV)/.venv
	@$(PY) -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	@$(call link)
	@touch $@

$(VENV)/.venv:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
	  echo "Haggle needs Python 3.11 or newer. Install it, or say where it is: make run PYTHON=python3.12" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
	  echo "Python's venv module is missing. On Debian and Ubuntu: sudo apt install python3-venv" >&2; exit 1; }
	@echo "Setting up Haggle in $(VENV); this takes a minute or two the first time."
	@$(PYTHON) -m venv $(VENV)
	@touch $@

# Nothing is built or installed for Haggle itself: the environment knows this folder, and `haggle` runs it.
define link
$(PY) -c "import sysconfig, pathlib; pathlib.Path(sysconfig.get_path('purelib'), 'haggle.pth').write_text('$(CURDIR)\n')" && \
printf '#!/bin/sh\nexec "%s/%s" -m bot "$$@"\n' "$(CURDIR)" "$(PY)" > $(VENV)/bin/haggle && chmod +x $(VENV)/bin/haggle && \
$(PY) -m compileall -q bot core integrations storage
endef
