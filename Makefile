# Everything a developer or a user types. `make` alone lists it.

PYTHON ?= python3
MEDIA ?=
VENV := .venv/bin
# The notebooks' kernels and the worker are started by name: they must find this environment first.
export PATH := $(CURDIR)/$(VENV):$(PATH)
# Tests start hundreds of programs: without kept bytecode each would compile all that it imports.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help demo app test check fix bench bench-explain bench-kill bench-media bench-scale lock notebooks prices screenshots style clean

help: ## list what can be made
	@grep -hE '^[a-z-]+:.*?## ' $(MAKEFILE_LIST) | sed -E 's/:.*?## /\t/' | expand -t 14

.venv/.local: pyproject.toml requirements.lock .ci/environment.py
	@$(PYTHON) .ci/environment.py local
	@touch $@

.venv/.dev: pyproject.toml requirements.lock .ci/environment.py
	@$(PYTHON) .ci/environment.py local team equations explainer dev
	@touch .venv/.local $@

demo: .venv/.local ## the whole main job, on the sample or on your files: make demo MEDIA=folder
	@$(VENV)/workbench demo $(if $(MEDIA),"$(MEDIA)")

app: .venv/.local ## the same, then the app on 127.0.0.1 with the results in it
	@$(VENV)/workbench demo $(if $(MEDIA),"$(MEDIA)") || true
	@$(VENV)/workbench app

# Many tests wait for programs that are started, killed or drawn, so five lots run beside each
# other. Who has ended takes the next, and the longest come first, so that all end together. The
# lot without a name is all that stands in no other.
LOT_1 := tests/jobs
LOT_2 := tests/browser tests/sample
LOT_3 := tests/notebooks tests/library
LOT_4 := tests/media tests/evidence tests/speech
LOT_5 := tests/workspace
LOT_6 := tests/pages tests/reports
LOT_7 := tests/explain
NAMED := $(LOT_1) $(LOT_2) $(LOT_3) $(LOT_4) $(LOT_5) $(LOT_6) $(LOT_7)
test: .venv/.dev ## all tests, from nothing
	@said=$$(mktemp -d); failed=0; \
	printf '%s\n' "$(LOT_1)" "$(LOT_7)" "$(LOT_5)" "$(LOT_3)" "$(LOT_2)" "$(LOT_4)" \
		"$(addprefix --ignore=,$(NAMED))" "$(LOT_6)" | xargs -P 5 -I LOT sh -c \
		'$(VENV)/python -m pytest -q LOT >"'"$$said"'/$$$$" 2>&1; code=$$?; cat "'"$$said"'/$$$$"; exit $$code' \
		|| failed=1; \
	rm -rf "$$said"; exit $$failed

notebooks: .venv/.dev ## execute the notebooks under nbval
	@$(VENV)/python -m pytest -q tests/notebooks

check: style test ## format, lint, layers, types, tests

style: .venv/.dev ## format, lint, layers, types
	$(VENV)/ruff format --check .
	$(VENV)/ruff check .
	$(VENV)/lint-imports
	$(VENV)/mypy

fix: .venv/.dev ## repair format and what the linter can
	$(VENV)/ruff format .
	$(VENV)/ruff check --fix .

bench: .venv/.dev ## measure stages, memory and start-up, and the media room
	$(VENV)/python -m tests.bench
	$(VENV)/python -m tests.bench.media

bench-media: .venv/.dev ## proxies against the documents' recipes and plain decoding (half an hour)
	$(VENV)/python -m tests.bench.media

bench-explain: .venv/.dev ## measure films by cards and Manim: a minute, one beat again, sync of forty
	$(VENV)/python -m tests.bench.explain

bench-kill: .venv/.dev ## kill worker, team and app 300 times and count what was paid (half an hour)
	$(VENV)/python -m tests.bench.kill

bench-scale: .venv/.dev ## 10,000 jobs, 1,000 films, two workers, the cost of durability
	$(VENV)/python -m tests.bench.scale

lock: .venv/.dev ## resolve all extras anew into requirements.lock
	$(or $(shell command -v uv),.boot/bin/uv) pip compile pyproject.toml --all-extras --universal --python-version 3.11 \
		--generate-hashes --no-header --no-annotate --upgrade --quiet -o requirements.lock
	@! grep -q "://" requirements.lock

prices: .venv/.dev ## make the price tables of the documents again
	@$(VENV)/python docs/prices.py

screenshots: .venv/.dev ## take the pictures of the README again
	$(VENV)/python docs/screenshots.py

clean: ## remove the environment and everything made at run time
	rm -rf .boot .venv build dist .pytest_cache .mypy_cache .ruff_cache
	find data -mindepth 1 -maxdepth 1 ! -name samples -exec rm -rf {} +
