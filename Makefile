# Each target sets up what it needs. `make help` lists them.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
STAMP  := $(VENV)/.ready
# Installs nothing; fails if pip is missing or incomplete.
PIP_WORKS = $(BIN)/python -m pip install --quiet --no-index pip >/dev/null 2>&1
export PIP_DISABLE_PIP_VERSION_CHECK = 1
export PYDEVD_DISABLE_FILE_VALIDATION = 1

.PHONY: help setup venv lab course test bench export docs clean
.DEFAULT_GOAL := help

help:     ## list the targets
	@grep -E '^[a-z]+: .*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

setup: $(STAMP)     ## create the virtual environment .venv with all dependencies

$(STAMP): settings.ini setup.py constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo 'sessrec needs Python 3.11 or newer; choose one with: make PYTHON=python3.12 $(MAKECMDGOALS)' >&2; exit 1; }
	@$(MAKE) --no-print-directory venv
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[lab,dev,track]'
	@touch $@

venv:               # an environment in which pip works: an existing one is kept, or repaired if its creation was interrupted
	@$(PIP_WORKS) || { $(BIN)/python -m ensurepip && $(PIP_WORKS); } >/dev/null 2>&1 || $(PYTHON) -m venv --clear $(VENV) || { echo 'could not create a virtual environment; on Debian: apt-get install python3-venv' >&2; exit 1; }

lab: setup          ## open the course in JupyterLab
	$(BIN)/sessrec lab

course: setup       ## run every lesson headless on the built-in data; ONLY=00,07 selects some
	$(BIN)/sessrec course $(if $(ONLY),--only $(ONLY))

test: setup         ## run all tests and checks
	OMP_NUM_THREADS=1 COVERAGE_CORE=sysmon $(BIN)/pytest -q --durations=15 --cov=sessrec -n logical --maxprocesses 4 --dist load --maxschedchunk 1 --pyargs tools/test_project.py sessrec

bench: setup        ## measure speed, each measurement next to a reference
	$(BIN)/sessrec bench

export: setup       ## write package, tests and README from the notebooks
	$(BIN)/python tools/export.py

docs: setup         ## convert the lessons to web pages in _docs
	$(BIN)/jupyter nbconvert --to html --output-dir _docs nbs/*.ipynb
	cp -R nbs/img _docs/

clean:              ## remove everything that the other targets created; downloaded data stays
	rm -rf $(VENV) _docs _course build dist *.egg-info .*_cache .coverage* .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
