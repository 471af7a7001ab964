# tests: what runs the built programs.
dist_noinst_SCRIPTS += tests/house
EXTRA_PROGRAMS = tests/bench/bench-server
tests_bench_bench_server_SOURCES = tests/bench/bench_server.c
tests_bench_bench_server_LDADD = $(EV_LIBS)
EXTRA_DIST += tests/rehearsals
EXTRA_DIST += tests/check.sh tests/house tests/macos tests/figures.md tests/integration tests/bench/bench.py tests/bench/nudge.py
EXTRA_DIST += tests/faulty/fork_bomb.py tests/world
EXTRA_DIST += \
	tests/world/kube/certs.py tests/world/kube/choosing.py tests/world/kube/controllers.py tests/world/kube/faults.py tests/world/kube/patches.py \
	tests/world/kube/protobuf.py tests/world/kube/rbac.py tests/world/kube/resources.py tests/world/kube/seed.py tests/world/kube/server.py \
	tests/world/kube/status.py tests/world/kube/store.py tests/world/kube/tables.py

# One shared object that is many faulty plugins, each under a name of its own.
check_LTLIBRARIES += tests/faulty/faulty.la
check_PROGRAMS += tests/faulty/faulty-host
tests_faulty_faulty_host_SOURCES = tests/faulty/faulty_host.c
tests_faulty_faulty_la_SOURCES = \
	tests/faulty/descriptors.c tests/faulty/ends.c tests/faulty/faulty.c tests/faulty/faulty.h tests/faulty/greedy.c tests/faulty/results.c
tests_faulty_faulty_la_LDFLAGS = $(PLUGIN_LDFLAGS) -rpath /nowhere

# Writes into a store until it is killed (tests/integration/test_store.py).
check_PROGRAMS += tests/store/store-driver
tests_store_store_driver_SOURCES = tests/store/driver.c
tests_store_store_driver_LDADD = core/store/libstore.a core/base/os/libos.a core/base/libbase.a $(SQLITE_LIBS) $(CJSON_LIBS)

# Preloaded into Talon by tests of hard times: they refuse memory (tests/integration/test_hardship.py), let time pass (test_guard.py) and let the disk hang
# (test_memory.py). Linux alone.
if !DARWIN
check_LTLIBRARIES += tests/hardship/hang.la tests/hardship/refuse.la tests/hardship/shift.la
endif
tests_hardship_hang_la_SOURCES = tests/hardship/hang.c
tests_hardship_hang_la_LDFLAGS = -module -avoid-version -shared -rpath /nowhere
tests_hardship_refuse_la_SOURCES = tests/hardship/refuse.c
tests_hardship_refuse_la_LDFLAGS = -module -avoid-version -shared -rpath /nowhere
tests_hardship_shift_la_SOURCES = tests/hardship/shift.c
tests_hardship_shift_la_LDFLAGS = -module -avoid-version -shared -rpath /nowhere
