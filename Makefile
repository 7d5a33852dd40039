# `make install`, `make demo`, `make serve` and `make test` are the README's; everything else is for developers.
PYTHON ?= $(firstword $(foreach name,python3.11 python3.12 python3,$(shell command -v $(name))))
VENV ?= .venv
BIN := $(VENV)/bin
DEMO ?= demo
# PyTorch's index of CPU builds, where it can be reached: PyPI's own build for Linux brings gigabytes of CUDA.
CPU_INDEX := https://download.pytorch.org/whl/cpu
TORCH_INDEX ?= $(shell [ "$$(uname -s)" = Linux ] && command -v curl >/dev/null && curl -sfIL -m 5 -o /dev/null $(CPU_INDEX)/torch/ 2>/dev/null && echo $(CPU_INDEX))

.PHONY: install demo serve test test-slow test-lowest lint lint-containers docs bench bench-import bench-embedding bench-growth bench-millions bench-lineage bench-layouts bench-graph bench-peers bench-engines lock clean

install: $(VENV)/.installed
	$(BIN)/topicloom warmup

demo: $(VENV)/.installed
	$(BIN)/topicloom warmup
	HF_HUB_OFFLINE=1 $(BIN)/topicloom demo $(DEMO)

serve: $(VENV)/.installed
	HF_HUB_OFFLINE=1 $(BIN)/topicloom serve

# Checks side by side, then tests. Compiled first, so that tests do not compile the same code. Three at a time, since many
# wait for a server; the long files, which come first, first.
test: $(VENV)/.installed
	$(MAKE) -j 2 lint docs
	$(BIN)/topicloom warmup
	$(BIN)/pytest -n 3 --dist loadfile --no-loadscope-reorder -m "not slow"

test-slow: $(VENV)/.installed
	$(BIN)/pytest -m slow

# In an environment of its own, with the lowest versions that pyproject.toml allows.
LOWEST := .venv-lowest
test-lowest: $(LOWEST)/.installed
	$(LOWEST)/bin/topicloom warmup
	$(LOWEST)/bin/pytest -n 2 --dist loadfile -m "not slow" $(LOWEST_TESTS)

# Not those that drive a browser or a server for an hour: they test Prefect's pages, which the lowest versions have too.
LOWEST_TESTS ?= tests/topicloom tests/tasks tests/flows/test_parity.py tests/flows/test_topic_model.py \
	tests/flows/test_update.py tests/flows/test_consensus.py tests/flows/test_orphans.py tests/flows/test_pictures.py

$(LOWEST)/.installed: pyproject.toml tools/lowest.sh
	tools/lowest.sh $(PYTHON) $(LOWEST)
	touch $@

lint: $(VENV)/.installed
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

# Dockerfile, compose files and manifests, with checkers in an environment of their own; 460 MB.
CHECKERS := .venv-containers
lint-containers:
	tools/containers.sh $(PYTHON) $(CHECKERS)

# Broken links, pages without a place and requests to other hosts are faults. The variable silences an advertisement.
docs: $(VENV)/.installed
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --quiet --strict

# What `topicloom warmup` imports is installed first: it compiles on the cores that pip, busy on one with all the rest,
# leaves idle. If it fails here it says so where it is called next.
COMPILING := annotated-types cloudpickle hdbscan joblib llvmlite narwhals numba numpy pandas pydantic pydantic_core pynndescent \
  python-dateutil pytz PyYAML scikit-learn scipy six stop-words threadpoolctl tqdm typing-inspection typing_extensions \
  tzdata umap-learn
empty :=
space := $(empty) $(empty)
PIP_INSTALL = $(BIN)/python -m pip install --quiet --no-deps $(if $(TORCH_INDEX),--extra-index-url $(TORCH_INDEX))

# --no-deps: the lock is complete (pip check says so), and biblium would bring plotting libraries that the demo does not
# use.
$(VENV)/.installed: requirements.lock pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip==26.3
	grep -E '^($(subst $(space),|,$(COMPILING)))==' requirements.lock > $(VENV)/compiling.txt
	$(PIP_INSTALL) -r $(VENV)/compiling.txt
	PYTHONPATH=. nice $(BIN)/python -c 'import topicloom.warmup as w; w.is_warm() or w.warm_up()' > $(VENV)/warmup.log 2>&1 & \
	warmup=$$!; trap 'kill $$warmup' INT TERM; $(PIP_INSTALL) -r requirements.lock; installed=$$?; wait $$warmup; exit $$installed
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --editable .
	! $(BIN)/python -m pip check | grep -v -e '^biblium ' -e '^No broken'
	touch $@

# The notebook's code and ours side by side, on generated papers and on the projects of DATA="PATH ...", and what a person
# waits for, on a machine that does nothing else. ROUNDS=1, ROWS="warm cold" and the like measure a part; what was
# measured before stays beside it. Written into docs/benchmarks.md with what bench-growth and bench-peers have measured;
# without growth.json the page keeps its part about growth.
BENCH ?= /tmp/topicloom-bench
ROUNDS ?= 3
ROWS ?= notebook undrawn warm graph cold
bench: $(VENV)/.installed
	$(BIN)/topicloom warmup
	mkdir -p $(BENCH)
	$(BIN)/python -m benchmarks $(BENCH)/side.json $(BENCH) $(DATA) --repeats $(ROUNDS) --rows $(ROWS)
	$(BIN)/python -m benchmarks.report $(BENCH)/side.json $$([ ! -f $(BENCH)/growth.json ] || echo $(BENCH)/growth.json) \
	  $$([ ! -f $(BENCH)/peers.json ] || echo --peers $(BENCH)/peers.json)

# Records of one paper: precision, sensitivity and seconds on sets whose duplicates people marked, a folder each in SETS.
# Then how long an import of many records takes.
SETS ?= ../shared/data/duplicates
bench-import: $(VENV)/.installed
	$(BIN)/python -m benchmarks.duplicates $(SETS)
	$(BIN)/python -m benchmarks.importing 20000 100000

# What docs/embedding.md states: ways to embed, on projects with titles and abstracts: make bench-embedding DATA="PATH ...".
bench-embedding: $(VENV)/.installed
	$(BIN)/topicloom warmup
	mkdir -p $(BENCH)
	$(BIN)/python -m benchmarks.embedding $(BENCH)/embedding.json $(DATA)

# Growth to a million papers, both ways to topics, takes hours and 30 GB of disk. Interrupted, it goes on where it was;
# remove growth.json for a fresh start.
SIZES ?= 10000 30000 100000 300000 1000000
bench-growth: $(VENV)/.installed
	$(BIN)/topicloom warmup
	mkdir -p $(BENCH)
	$(BIN)/python -m benchmarks.growth $(BENCH)/growth.json $(BENCH) $(SIZES) --rounds $(ROUNDS)

# What docs/scale.md states of millions of papers; MILLIONS="200000 500000" for less. Goes on where it was ended. 20 GB of disk.
MILLIONS ?= 1000000 2000000 3000000
bench-millions: $(VENV)/.installed
	$(BIN)/topicloom warmup
	mkdir -p $(BENCH)
	$(BIN)/python -m benchmarks.millions $(BENCH)/millions.json $(BENCH) $(MILLIONS) --page docs/scale.md

# What docs/living-corpora.md and docs/sweeps.md state: a corpus with years, such as `make bench-lineage DATA=PATH`.
YEARS ?= 1999 2000 2001 2002 2003
bench-lineage: $(VENV)/.installed
	$(BIN)/topicloom warmup
	mkdir -p $(BENCH)
	$(BIN)/python -m benchmarks.planted $(BENCH)/planted.json $(BENCH)
	$(BIN)/python -m benchmarks.lineage $(BENCH)/lineage.json $(BENCH) $(firstword $(DATA)) $(YEARS) --update
	$(BIN)/python -m benchmarks.sweeps $(BENCH)/sweeps.json $(BENCH) $(firstword $(DATA))

# What docs/performance.md states of the layout on every core: make bench-layouts DATA="PATH ..." of projects with embeddings
# and years. 18,000 papers need 9 GB. LAYOUTS_FLAGS="--generated 1000000" for its seconds on so many papers.
bench-layouts: $(VENV)/.installed
	$(BIN)/topicloom warmup
	mkdir -p $(BENCH)
	$(BIN)/python -m benchmarks.layouts $(BENCH)/layouts.json $(BENCH) $(DATA) $(LAYOUTS_FLAGS)

# What docs/graph-topics.md states: make bench-graph DATA="PATH ..." of projects with embeddings and years.
# EVoC and fast_hdbscan stand beside it where PEERS, the Python of an environment with both, is there; bench-peers makes it.
PEERS ?= $(BENCH)/peers/bin/python
bench-graph: $(VENV)/.installed
	$(BIN)/topicloom warmup
	mkdir -p $(BENCH)
	[ -x $(PEERS) ] || echo "No $(PEERS): EVoC and fast_hdbscan are passed over (make bench-peers makes it)."
	$(BIN)/python -m benchmarks.graph $(BENCH)/graph.json $(DATA) $$([ ! -x $(PEERS) ] || echo --peers $(PEERS))
	$(BIN)/python -m benchmarks.graph_figure $(BENCH)/graph.json $(BENCH)/graph-topics.svg

# Other libraries beside ours: make bench-peers DATA="PATH ..."; PEERS_FLAGS="--seeds 100 --ways evoc ours_graph" for a
# part. Without DATA it makes the environment of its own that they need, and no more.
bench-peers: $(VENV)/.installed $(BENCH)/peers/.installed
	$(BIN)/topicloom warmup
	[ -z "$(DATA)" ] || $(BIN)/python -m benchmarks.peers $(BENCH)/peers.json $(BENCH) $(PEERS) $(DATA) $(PEERS_FLAGS)

# What docs/scale.md states of one run on a cluster, on one project: make bench-engines DATA=PATH.
# ENGINES_FLAGS="--papers 3000 --engines local dask:2" for a part, or --embed all-MiniLM-L6-v2 for embeddings too.
bench-engines: $(VENV)/.installed
	$(BIN)/topicloom warmup
	mkdir -p $(BENCH)
	$(BIN)/python -m benchmarks.engines $(BENCH)/engines.json $(BENCH) $(firstword $(DATA)) --page docs/scale.md $(ENGINES_FLAGS)

$(BENCH)/peers/.installed: benchmarks/peers.txt
	$(PYTHON) -m venv $(BENCH)/peers
	$(BENCH)/peers/bin/python -m pip install --quiet --no-deps $(if $(TORCH_INDEX),--extra-index-url $(TORCH_INDEX)) \
	  -r benchmarks/peers.txt
	touch $@

# After a change of dependencies: resolves pyproject.toml anew and writes what came out.
lock:
	tools/lock.sh $(PYTHON)

clean:
	rm -rf $(VENV) $(LOWEST) $(CHECKERS) $(DEMO) build *.egg-info
