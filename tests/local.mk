# tests: what runs the built programs.
dist_noinst_SCRIPTS += tests/house
EXTRA_PROGRAMS = tests/bench/bench-server
tests_bench_bench_server_SOURCES = tests/bench/bench_server.c
tests_bench_bench_server_LDADD = $(EV_LIBS)
EXTRA_DIST += tests/check.sh tests/house tests/macos tests/figures.md tests/integration tests/bench/bench.py
