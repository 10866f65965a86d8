# Every target installs what it lacks first; the second time that takes a moment.
PYTHON ?= python3
PY = .venv/bin/python
PYTEST = $(PY) -m pytest
# the C extension of mysql-connector 9, beside the version that the peer uses
CONNECTOR_9 = build/bench/connector-9

.DEFAULT_GOAL = help
.PHONY: help setup setup-system setup-venv setup-mysql demo test test-codec test-server test-suite test-soak soak lint bench bench-check bench-suite large fuzz sanitize wheels clean

help:  ## this list
	@sed -n 's/^\([a-z-]*\):.*## /  make \1\t/p' $(MAKEFILE_LIST) | expand -t 20

setup: setup-venv setup-mysql  ## system packages, .venv with the compiled package, MySQL and MariaDB servers

setup-system:  ## of these, the system packages
	@PYTHON=$(PYTHON) sh tools/install_system.sh

setup-venv: setup-system  ## and .venv
	@$(PYTHON) tools/install_venv.py

setup-mysql: setup-system  ## and the servers
	@$(PYTHON) tools/install_mysql.py

demo: setup  ## load real data into a private server and show the ORM at work (MYSQL_URL: your own server)
	@$(PY) demo/run.py

test: lint test-codec test-server test-suite test-soak  ## everything that CI runs

test-codec: setup-venv  ## encoding and decoding, all implementations, no server
	$(PYTEST) tests/codec
	$(PYTEST) tests/codec -n 2 --parallel-threads=4 --skip-thread-unsafe=true  # each test in four threads at once

test-server: setup  ## the backend on private MySQL and MariaDB servers
	$(PYTEST) tests --ignore=tests/codec --ignore=tests/suite/benchmark_backend -n 2
	RHOSOCIAL_MYSQLCLIENT_IMPL=python $(PYTEST) tests/integration tests/faults tests/stress/test_threads.py -n 2

test-suite: setup  ## the shared testsuite of the ORM, per implementation
	$(PY) tests/suite/run.py

lint: setup-venv  ## ruff and mypy
	$(PY) -m ruff check .
	$(PY) -m mypy

bench: setup  ## measure, and write build/bench/: report.json and pictures (BENCH=--quick: other options of it)
	@test -d $(CONNECTOR_9) || $(PY) -m pip install --quiet --disable-pip-version-check --no-deps --target $(CONNECTOR_9) \
		'mysql-connector-python>=9,<10' || echo 'bench: without mysql-connector 9'
	@$(PY) benchmarks/run.py $(BENCH)

test-soak: setup  ## a minute of make soak
	@$(PY) soak/run.py --seconds 60

soak: setup  ## 64 threads and 500 tasks over a pool while sessions are killed, for SECONDS (600)
	@$(PY) soak/run.py --seconds $(or $(SECONDS),600)

bench-check: setup-venv  ## is any ratio of the last make bench worse than in benchmarks/baseline.json, beyond noise?
	@$(PY) benchmarks/check.py

bench-suite: setup  ## the testsuite's own benchmarks, on both servers
	@$(PY) tests/suite/run.py --area benchmark --impl native -n 0

large: setup  ## literals beyond 2 GiB; takes 8 GiB of memory
	$(PYTEST) tests/stress/large_literals.py

fuzz: setup-venv  ## fuzz the codec, guided by coverage, for FUZZ_SECONDS (60)
	@$(PY) -m pip install --quiet --disable-pip-version-check 'rhosocial-activerecord-mysqlclient[fuzz]'
	@$(PY) tools/fuzz.py

sanitize: setup  ## the codec, fault and native server tests on an ASan and UBSan build of the extension
	@sh tools/sanitize.sh

wheels: setup  ## a wheel for each CPython here and the pure one, each tried in a clean environment
	@$(PY) tools/make_wheels.py

clean:  ## what make built; not .venv, not .servers
	rm -rf build dist wheelhouse .pytest_cache .hypothesis .mypy_cache .ruff_cache
	find src tests demo benchmarks fuzz soak tools -name __pycache__ -prune -exec rm -rf {} +
