# make search                              search scikit-learn's digits for a minute
# make search DATA=my.csv TARGET=label     search your own table
# make test                                the tests
#
# All targets create the environment in .venv first, if need be. PIP_OPTIONS is passed to pip,
# for those who want another build of torch: see CONTRIBUTING.md.

PYTHON ?= python3
VENV ?= .venv
PIP_OPTIONS ?=

DATA ?= sklearn:digits
TARGET ?=
N_TRIALS ?= 300
TIMEOUT ?= 60s
REPORT ?= report.html

BIN := $(VENV)/bin
# Three processes for two cores: many tests wait for processes of their own.
AT_ONCE := --numprocesses 3 --dist loadfile --durations 40 --durations-min 2
INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check \
	--constraint constraints.txt $(PIP_OPTIONS)
INSTALLED := $(VENV)/.installed
INSTALLED_DEV := $(VENV)/.installed-dev

.PHONY: help search install test test-all check format docs clean

help:
	@sed -n 's/^# make/make/p' Makefile
	@echo 'make test-all                            the slow tests and the browser too'
	@echo 'make check                               ruff and mypy'
	@echo 'make format                              let ruff mend what it can'
	@echo 'make docs                                the documentation as pages, in site/'
	@echo 'make clean                               remove the environment and what tools left'

search: $(INSTALLED)
	$(BIN)/automl search "$(DATA)" $(if $(TARGET),--target "$(TARGET)") \
		--n-trials $(N_TRIALS) --timeout $(TIMEOUT) --report "$(REPORT)"

install: $(INSTALLED_DEV)

test: $(INSTALLED_DEV)
	$(BIN)/pytest $(AT_ONCE)

test-all: $(INSTALLED_DEV)
	$(BIN)/pytest $(AT_ONCE) -m ''

check: $(INSTALLED_DEV)
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy

format: $(INSTALLED_DEV)
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

docs: $(INSTALLED_DEV)
	$(BIN)/mkdocs build --quiet

clean:
	rm -rf $(VENV) site build dist *.egg-info .mypy_cache .pytest_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo 'Python 3.11 or newer is needed: make PYTHON=/path/to/python3'; exit 1; }
	$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); exit 1; }

$(INSTALLED): pyproject.toml constraints.txt | $(BIN)/python
	@echo 'Installing into $(VENV), once. PyTorch is large: this takes minutes.'
	$(INSTALL) --editable .
	@touch $@

$(INSTALLED_DEV): pyproject.toml constraints.txt | $(BIN)/python
	@echo 'Installing into $(VENV), once. PyTorch is large: this takes minutes.'
	$(INSTALL) --editable '.[dev]'
	@touch $@ $(INSTALLED)
