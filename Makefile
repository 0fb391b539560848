# The commands of palmsite. `make run` and `make test` are all a newcomer needs; `make help` lists the rest.
# PYTHON: any Python from 3.11 on. VENV: where the environment lies. TORCH_INDEX: take torch from there first,
# for example https://download.pytorch.org/whl/cpu for the small CPU build on Linux.

PYTHON ?= $(shell for p in python3 python3.14 python3.13 python3.12 python3.11 python; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 && { echo $$p; exit; }; done; echo python3)
VENV ?= .venv
TORCH_INDEX ?=
DATA ?=
OUT ?= runs/coursework
ARGS ?=
# Tests run in as many processes as there are cores, four at most: each may hold its own torch.
WORKERS ?= -n auto --maxprocesses 4
BIN = $(VENV)/bin
INSTALL = $(PYTHON) palmsite/install.py $(VENV)

.PHONY: help run setup setup-dev test check fix e2e kills bench campaign zoo coursework picture
.DEFAULT_GOAL := help

help: ## list these commands
	@sed -n 's/^\([a-z0-9-]*\):[^#]*## /  make \1	/p' $(MAKEFILE_LIST) | expand -t 18

setup: ## make the environment and install what the site needs
	@$(INSTALL) requirements.txt $(TORCH_INDEX)

setup-dev: ## the same, with what tests and linters need
	@$(INSTALL) requirements-dev.txt $(TORCH_INDEX)

run: setup ## start the site: web and workers, on port 8000 (PORT=...)
	@$(BIN)/python manage.py up

test: setup-dev ## run the tests that need no browser (ARGS=... goes to pytest)
	@OMP_NUM_THREADS=1 $(BIN)/python -m pytest -q $(WORKERS) $(ARGS)

check: setup-dev ## format, lint, types, layers, migrations, translations, production settings
	@BIN=$(BIN) sh .ci/check

fix: setup-dev ## format, and mend what can be mended by itself
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .
	@$(BIN)/python manage.py translations update

e2e: setup-dev ## drive the real site with a real browser
	@OMP_NUM_THREADS=1 $(BIN)/python -m pytest -q -m e2e -n 2 --dist loadfile tests/e2e $(ARGS)

kills: setup-dev ## kill real workers, clusters and databases; the work must end once (SQLite and PostgreSQL)
	@OMP_NUM_THREADS=1 $(BIN)/python -m pytest -q -m e2e tests/jobs tests/campaigns tests/lab/test_kills.py $(ARGS)

bench: setup-dev ## measure the speed of what matters (tests/benchmarks)
	@$(BIN)/python -m pytest -q -s -m "bench and not campaign" tests/benchmarks $(ARGS)

campaign: setup-dev ## the long runs: many kills, many images
	@$(BIN)/python -m pytest -q -s -m campaign --timeout 7200 $(ARGS)

zoo: setup ## train the shipped models again (DATA=folder of photos)
	@test -n "$(DATA)" || { echo "Say where the photographs lie: make zoo DATA=/path"; exit 2; }
	@$(BIN)/python -m mlcore zoo --data "$(DATA)" $(ARGS)

coursework: setup ## train on a folder and write images.zip and report.md (DATA=folder, OUT=folder)
	@test -n "$(DATA)" || { echo "Say where the photographs lie: make coursework DATA=/path"; exit 2; }
	@$(BIN)/python -m mlcore coursework --data "$(DATA)" --out "$(OUT)" $(ARGS)

picture: setup-dev ## take the README's picture of a set by the default model (MODEL=name of another)
	@$(BIN)/python -m tests.e2e.picture $(MODEL)
