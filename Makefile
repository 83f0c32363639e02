# Everything is created inside the checkout: .venv, .cache, build. `make help` lists the targets.

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-print-directory --no-builtin-rules

CACHE := $(CURDIR)/.cache
BIN := .venv/bin

export PIP_CACHE_DIR := $(CACHE)/pip
export PIP_DISABLE_PIP_VERSION_CHECK := 1
export PIP_NO_INPUT := 1
export UV_CACHE_DIR := $(CACHE)/uv
export PLAYWRIGHT_BROWSERS_PATH := $(CACHE)/browsers

# Keeps the programs below from reading or writing the caller's home directory, and compiles modules once for all of them.
INSIDE = mkdir -p $(CACHE)/home $(CACHE)/tmp && exec env -u PYTHONDONTWRITEBYTECODE \
	HOME=$(CACHE)/home TMPDIR=$(CACHE)/tmp \
	XDG_CACHE_HOME=$(CACHE)/home/.cache XDG_CONFIG_HOME=$(CACHE)/home/.config GIT_CEILING_DIRECTORIES=$(CACHE)

# These also take the pictures in docs/pictures.
PICTURES = tests/e2e/test_tour.py tests/e2e/test_home.py tests/sandbox/test_gallery.py

.PHONY: help demo test pictures check bench soak lock clean

help: ## list the targets
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  make \1\t\2/p' Makefile | expand -t 16

demo: .venv/run ## run the bot in its sandbox and print a URL; options: make demo ARGS='--port 0 --no-browser'
	@$(INSIDE) $(BIN)/gitops-bot demo $(ARGS)

test: .venv/dev ## run the test suite, or a part of it: make test ARGS=tests/core
	@scripts/need-kubectl
	@scripts/need-postgresql
	@scripts/need-axe >/dev/null
	@scripts/need-github-openapi >/dev/null
	@scripts/need-docker-registry >/dev/null
	@scripts/need-prometheus >/dev/null
	@chromium="$$(scripts/need-chromium)" && $(INSIDE) CHROMIUM="$$chromium" \
		$(BIN)/pytest --numprocesses=5 --dist=loadfile --no-loadscope-reorder --basetemp=$(CACHE)/pytest $(ARGS)

pictures: .venv/dev ## take every picture of the documentation again; look at them then
	@chromium="$$(scripts/need-chromium)" && scripts/need-axe >/dev/null && $(INSIDE) CHROMIUM="$$chromium" \
		UPDATE_PICTURES=1 $(BIN)/pytest --numprocesses=2 $(PICTURES)

check: .venv/dev ## check lint, format, types and import contracts
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: .venv/dev ## run the benchmarks
	@for file in benchmarks/*.py; do $(INSIDE) $(BIN)/python "$$file" || exit; done

soak: .venv/dev ## a long storm, 1,000 faulty watches, 100 kills, and thousands of reverts beside git's: make soak ARGS='--histories 5000'
	@$(INSIDE) STORM_ROUNDS=16 $(BIN)/pytest --basetemp=$(CACHE)/pytest tests/e2e/test_storm.py
	@$(INSIDE) WATCH_EPISODES=1000 $(BIN)/pytest --basetemp=$(CACHE)/pytest --timeout=1800 tests/handlers/watch/test_episodes.py
	@$(INSIDE) $(BIN)/python -m tests.comparison $(ARGS)
	@$(INSIDE) $(BIN)/python -m tests.comparison.kills

# The lock files name no index, platform or machine: they install anywhere.
LOCK = $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-annotate \
	--no-emit-index-url --no-emit-find-links --no-header \
	--extra bitbucket --extra demo --extra gitlab --extra postgresql --extra report --extra telemetry pyproject.toml

lock: .venv/dev ## update requirements/*.txt from pyproject.toml; upgrade everything: make lock ARGS=--upgrade
	$(LOCK) --group build --output-file requirements/run.txt $(ARGS)
	$(LOCK) --extra helm --group dev --output-file requirements/dev.txt $(ARGS)

clean: ## remove everything that make created
	rm -rf .venv .cache build demo-state *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -prune -exec rm -rf {} +

.venv/made:
	@scripts/make-venv
	@touch $@

.venv/run: .venv/made requirements/run.txt pyproject.toml
	@echo "Installing the bot's dependencies into .venv (once, about a minute)…"
	@$(call install,requirements/run.txt)
	@touch $@

.venv/dev: .venv/made requirements/dev.txt pyproject.toml
	@echo "Installing the dependencies of the bot and its tests into .venv (once, about a minute)…"
	@$(call install,requirements/dev.txt)
	@touch .venv/run $@

install = mkdir -p $(CACHE)/tmp && export TMPDIR=$(CACHE)/tmp && \
	$(BIN)/python -m pip install --quiet --require-hashes --requirement $(1) && \
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --editable .
