# Everything is made inside the checkout: .venv, .cache, build. `make help` lists what there is.

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

# What the programs below leave behind stays here too, and nothing of the caller's home decides what they do.
INSIDE = mkdir -p $(CACHE)/home $(CACHE)/tmp && exec env HOME=$(CACHE)/home TMPDIR=$(CACHE)/tmp \
	XDG_CACHE_HOME=$(CACHE)/home/.cache XDG_CONFIG_HOME=$(CACHE)/home/.config GIT_CEILING_DIRECTORIES=$(CACHE)

.PHONY: help demo test check bench lock clean

help: ## this list
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  make \1\t\2/p' Makefile | expand -t 16

demo: .venv/run ## the bot in its sandbox; prints a URL. More: make demo ARGS='--port 0 --no-browser'
	@$(INSIDE) $(BIN)/gitops-bot demo $(ARGS)

test: .venv/dev ## the whole test suite; a part of it: make test ARGS=tests/core
	@scripts/need-kubectl
	@scripts/need-postgresql
	@scripts/need-github-openapi >/dev/null
	@chromium="$$(scripts/need-chromium)" && $(INSIDE) CHROMIUM="$$chromium" \
		$(BIN)/pytest --numprocesses=4 --dist=loadfile --no-loadscope-reorder --basetemp=$(CACHE)/pytest $(ARGS)

check: .venv/dev ## lint, format, types and the import contract
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: .venv/dev ## the benchmarks
	@for each in benchmarks/*.py; do $(INSIDE) $(BIN)/python "$$each" || exit; done

# The lock names no index and no machine, so that it installs anywhere.
LOCK = $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-annotate \
	--no-emit-index-url --no-emit-find-links --no-header \
	--extra bitbucket --extra demo --extra gitlab --extra postgresql pyproject.toml

lock: .venv/dev ## requirements/*.txt from pyproject.toml; the newest of everything: make lock ARGS=--upgrade
	$(LOCK) --group build --output-file requirements/run.txt $(ARGS)
	$(LOCK) --extra helm --group dev --output-file requirements/dev.txt $(ARGS)

clean: ## remove what make made
	rm -rf .venv .cache build demo-state *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

.venv/made:
	@scripts/make-venv
	@touch $@

.venv/run: .venv/made requirements/run.txt pyproject.toml
	@echo "Installing what the bot needs into .venv (once, about a minute)…"
	@$(call install,requirements/run.txt)
	@touch $@

.venv/dev: .venv/made requirements/dev.txt pyproject.toml
	@echo "Installing what the bot and its tests need into .venv (once, about a minute)…"
	@$(call install,requirements/dev.txt)
	@touch .venv/run $@

install = mkdir -p $(CACHE)/tmp && export TMPDIR=$(CACHE)/tmp && \
	$(BIN)/python -m pip install --quiet --require-hashes --requirement $(1) && \
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --editable .
