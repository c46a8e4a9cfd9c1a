# Careplane: everything a developer does is one of these. `make` alone lists them.
.DEFAULT_GOAL := help
.PHONY: help env dev split test test-split cloud-test faults check bench fuzz image binary format docs proto lock
.SUFFIXES:

PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.ready

help: ## List what can be made
	@awk 'BEGIN { FS = ":.*## " } /^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' Makefile
	@echo '  Options for a command go in ARGS: make dev ARGS="--port 4104", make test ARGS="-k mailbox"'

env: $(READY) ## Build .venv from the lock (uv when it is there, else python3 -m venv and pip)

$(READY): config/requirements.lock pyproject.toml .ci/env
	@PYTHON='$(PYTHON)' sh .ci/env

dev: env ## Run the whole platform on http://127.0.0.1:4004 with its own database
	@exec $(BIN)/careplane dev $(ARGS)

split: env ## Run the same as a process for each component, over gRPC and Kafka (needs Java 17 and Maven, or a broker)
	@exec $(BIN)/careplane split $(ARGS)

test: env ## Run all tests, several at a time
	@$(BIN)/pytest --numprocesses logical --maxprocesses 4 --dist worksteal $(ARGS)

test-split: env ## Run the tests over HTTP against a process for each component
	@CAREPLANE_TEST_WIRING=split $(BIN)/pytest --numprocesses logical --maxprocesses 4 --dist loadfile tests/end_to_end $(ARGS)

cloud-test: env ## Deploy config/aws into a pretended cloud, and ask each service's own API for every resource
	@$(BIN)/pytest -s tests/cloud $(ARGS)

faults: env ## Kill, freeze and cut off a cluster of real processes under load, by lot
	@CAREPLANE_FAULT_SCHEDULES=$${CAREPLANE_FAULT_SCHEDULES:-150} $(BIN)/pytest -s tests/faults/test_faults.py $(ARGS)

check: env ## Check style, types, the direction of imports, and for dangerous code and secrets
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/bandit --quiet --configfile pyproject.toml --recursive platform transports benchmarks
	@sh .ci/secrets

bench: env ## Measure it: benchmarks/report.md, results.json and charts (ARGS=--quick for a few minutes)
	@$(BIN)/python -m benchmarks $(ARGS)

fuzz: env ## Fuzz for long: every route by its documentation, and what decodes what strangers send
	@CAREPLANE_FUZZ_SECONDS=$${CAREPLANE_FUZZ_SECONDS:-600} $(BIN)/pytest -s --timeout 3600 \
		tests/security/test_routes_as_documented.py tests/security/test_fuzzing.py $(ARGS)

image: ## Build the container image careplane:local (needs Docker)
	@docker build --file docker/Dockerfile --build-arg REVISION="$$(git rev-parse HEAD 2>/dev/null)" --tag careplane:local .

binary: env ## Build all of Careplane as one executable, dist/careplane, and try it in an empty folder
	@PYTHONHASHSEED=1 PYINSTALLER_CONFIG_DIR=dist/.kept $(BIN)/pyinstaller --noconfirm --log-level ERROR \
		--distpath dist --workpath dist/.made config/binary/careplane.spec
	@CAREPLANE_TEST_BINARY=dist/careplane $(BIN)/pytest tests/binary $(ARGS)

format: env ## Format the code and mend what can be mended
	@$(BIN)/ruff format
	@$(BIN)/ruff check --fix

docs: env ## Write anew what is generated: the settings in config/README.md, the routes in config/aws
	@$(BIN)/careplane config reference --into config/README.md
	@routes="$$($(BIN)/careplane gateway export-openapi --aws --format yaml)" && echo "$$routes" >config/aws/http-api.yaml

proto: env ## Check proto/ and make transports/careplane_pb from it
	@$(BIN)/python proto/generate.py $(ARGS)

lock: ## Pin every dependency anew in config/requirements.lock (needs uv)
	@uv --version >/dev/null 2>&1 || { echo 'make lock needs uv: install it, then run make lock again.' >&2; exit 1; }
	@uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --upgrade --group dev --group bench --group fuzz \
		--custom-compile-command 'make lock' --output-file config/requirements.lock pyproject.toml
