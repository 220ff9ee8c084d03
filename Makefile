# Each target works from a bare checkout: python3 with venv, and make, are all it takes.
PYTHON ?= python3
PIP = .venv/bin/pip install --quiet --disable-pip-version-check --require-hashes

# Compiled once, whatever the environment says: each of the many processes that tests start would compile all anew.
export PYTHONDONTWRITEBYTECODE =

.DEFAULT_GOAL := run
.PHONY: run test check bench e2e pin audit

run: .venv/run ## the simulator and the application, until Ctrl-C
	@exec .venv/bin/python -m dev.run

test: .venv/dev ## every test that this machine can run: many at once, then those that want the machine for themselves
	.venv/bin/python -m pytest -n auto --ignore=tests/e2e
	.venv/bin/python -m pytest tests/e2e

check: .venv/dev ## style, types, layers
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/mypy
	.venv/bin/lint-imports --no-cache

bench: .venv/dev ## what a recorded message costs, as ratios; what a step of a flow costs; whether the simulator keeps time under load
	.venv/bin/python -m bench
	.venv/bin/python -m bench flow
	.venv/bin/python -m bench simulator

e2e: .venv/dev ## in the system's Chromium; behind Caddy; with Twilio's Node client and command line
	.venv/bin/python -m pytest tests/e2e

pin: .venv/dev
	.venv/bin/pip install --quiet --disable-pip-version-check uv
	set -e; for part in requirements requirements-simulator requirements-dev; do \
	  .venv/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --custom-compile-command "make pin" --upgrade $$part.in -o $$part.txt; done

audit: .venv/dev ## known faults in the packages; it asks pypi.org
	.venv/bin/pip install --quiet --disable-pip-version-check pip-audit
	set -e; for part in requirements requirements-simulator requirements-dev; do \
	  .venv/bin/pip-audit --disable-pip --require-hashes --progress-spinner off -r $$part.txt; done

.venv/run: requirements.txt requirements-simulator.txt
	$(PYTHON) -m venv .venv
	$(PIP) -r requirements.txt -r requirements-simulator.txt
	@touch $@

.venv/dev: .venv/run requirements-dev.txt
	$(PIP) -r requirements-dev.txt
	@touch $@
