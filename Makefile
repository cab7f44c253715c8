# Everything a contributor or a newcomer may run. Needs python >= 3.11 and make; the rest is fetched.

PYTHON ?= python3
RUN := .venv/bin/
UV := .tools/bin/uv
SHELL := /bin/sh
.DEFAULT_GOAL := help

.PHONY: help demo up test check bench bench-quick screenshots fuzz kills breakage kafka lock clean

help: ## Show this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-12s %s\n", $$1, $$2}'

demo: .venv/ready ## A synthetic Twente that streams onto the live page; ARGS="--speed 3600" and more
	$(RUN)zorgstroom demo $(ARGS)

up: ## The whole chain in Docker, with a synthetic Twente (docs/deploy.md)
	$(PYTHON) deploy/secrets.py
	docker compose --profile demo up --build --detach

test: check ## All tests, also the slow ones; lists what could not run and why
	$(RUN)python -m pytest -q -m "slow and not kafka and not browser"
	$(RUN)python -m pytest -q -n0 -m "slow and (kafka or browser)"
	@echo "make test: alles gedaan; wat niet kon draaien staat hierboven onder SKIPPED"

check: .venv/ready ## The quick part of test: lint, types, tests without services
	$(RUN)ruff check .
	$(RUN)ruff format --check .
	$(RUN)mypy
	$(RUN)python -m pytest -q

bench: .venv/ready ## Measure speed as ratios; appends to benchmarks/results
	$(RUN)python -m benchmarks.decode
	$(RUN)python -m benchmarks.embedded
	$(RUN)python -m benchmarks.restart
	$(RUN)python -m benchmarks.metrics_cost
	$(RUN)python -m benchmarks.pages

bench-quick: .venv/ready ## What a change cost in ingest and worker, beside another commit: COMMIT=...
	$(RUN)python -m benchmarks.quick $(COMMIT)

screenshots: .venv/ready ## The screenshots of the README, made anew by the browser tests
	$(RUN)python -m pytest -q -m browser tests/browser/test_look.py
	for name in regio-laptop-light regio-wand-dark gemeente-telefoon-light; do cp build/screenshots/$$name.png docs/images/; done

fuzz: .venv/ready ## 200,000 mutated messages through the decoder
	$(RUN)python tests/fuzz/fuzz_decode.py --inputs 200000 --seed 1

kills: .venv/ready ## 50 kill -9 of ingest and of serve, at random moments
	ZORGSTROOM_TEST_KILLS=25 $(RUN)python -m pytest -q -m slow tests/truth/test_ingest_kill.py tests/stream/test_serve_kill.py

breakage: .venv/ready ## 20 runs of each of 12 ways to break the workers; goes on where it stopped
	$(RUN)python -m benchmarks.breakage --runs 20

kafka: ## A Kafka broker in the foreground on 127.0.0.1:9092 (needs Java 17, no Docker)
	$(PYTHON) deploy/local/kafka.py run --port 9092 --data .cache/kafka

lock: $(UV) ## Renew the lock file
	$(UV) lock

clean: ## Remove the environment and what tools left behind
	rm -rf .venv .tools build *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis

$(UV):
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 of nieuwer is nodig: make PYTHON=python3.12"; exit 1; }
	$(PYTHON) -m venv .tools
	.tools/bin/python -m pip install --quiet --disable-pip-version-check "uv>=0.9,<1"

.venv/ready: pyproject.toml uv.lock | $(UV)
	UV_PROJECT_ENVIRONMENT=.venv UV_COMPILE_BYTECODE=1 $(UV) sync --quiet --locked --all-extras --python "$$($(PYTHON) -c 'import sys; print(sys.executable)')"
	@touch $@
