# tests/unit/host.mk: talon-host as it was built, driven over its socket as the core does, with plugins made for the purpose.
check_LTLIBRARIES += tests/unit/plugins/bare.la tests/unit/plugins/trial.la
tests_unit_plugins_bare_la_SOURCES = tests/unit/plugins/bare.c
tests_unit_plugins_bare_la_LDFLAGS = $(PLUGIN_LDFLAGS) -rpath /nowhere
tests_unit_plugins_trial_la_SOURCES = tests/unit/plugins/trial.c tests/unit/plugins/trial.h tests/unit/plugins/trial_ops.c
tests_unit_plugins_trial_la_LDFLAGS = $(PLUGIN_LDFLAGS) -rpath /nowhere

HOST_TESTS = \
	tests/unit/test_host_descriptor tests/unit/test_host_blocking tests/unit/test_host_connect tests/unit/test_host_load tests/unit/test_host_modules \
	tests/unit/test_host_runs \
	tests/unit/test_host_share tests/unit/test_host_spawn tests/unit/test_host_wire
check_PROGRAMS += $(HOST_TESTS)
TESTS += $(HOST_TESTS)
check_LIBRARIES += tests/unit/libhost_drive.a
tests_unit_libhost_drive_a_SOURCES = tests/unit/host_drive.c tests/unit/host_drive.h
HOST_TEST_LIBS = tests/unit/libhost_drive.a $(CMOCKA_LIBS) $(CJSON_LIBS) -lm
HOST_TEST_NEEDS = \
	tests/unit/libhost_drive.a talon-host plugins/host/talon-host-http.la plugins/host/talon-host-tls.la plugins/disk.la plugins/file.la \
	tests/unit/plugins/bare.la tests/unit/plugins/trial.la

tests_unit_test_host_connect_SOURCES = tests/unit/test_host_connect.c
tests_unit_test_host_connect_LDADD = $(HOST_TEST_LIBS)
EXTRA_tests_unit_test_host_connect_DEPENDENCIES = $(HOST_TEST_NEEDS)
tests_unit_test_host_runs_SOURCES = tests/unit/test_host_runs.c
tests_unit_test_host_runs_LDADD = $(HOST_TEST_LIBS)
EXTRA_tests_unit_test_host_runs_DEPENDENCIES = $(HOST_TEST_NEEDS)
tests_unit_test_host_spawn_SOURCES = tests/unit/test_host_spawn.c
tests_unit_test_host_spawn_LDADD = $(HOST_TEST_LIBS)
EXTRA_tests_unit_test_host_spawn_DEPENDENCIES = $(HOST_TEST_NEEDS)
tests_unit_test_host_blocking_SOURCES = tests/unit/test_host_blocking.c
tests_unit_test_host_blocking_LDADD = $(HOST_TEST_LIBS)
EXTRA_tests_unit_test_host_blocking_DEPENDENCIES = $(HOST_TEST_NEEDS)
tests_unit_test_host_share_SOURCES = tests/unit/test_host_share.c
tests_unit_test_host_share_LDADD = $(HOST_TEST_LIBS)
EXTRA_tests_unit_test_host_share_DEPENDENCIES = $(HOST_TEST_NEEDS)
tests_unit_test_host_load_SOURCES = tests/unit/test_host_load.c
tests_unit_test_host_load_LDADD = $(HOST_TEST_LIBS)
EXTRA_tests_unit_test_host_load_DEPENDENCIES = $(HOST_TEST_NEEDS)
tests_unit_test_host_wire_SOURCES = tests/unit/test_host_wire.c
tests_unit_test_host_wire_LDADD = core/base/os/libos.a core/base/libbase.a $(HOST_TEST_LIBS)
EXTRA_tests_unit_test_host_wire_DEPENDENCIES = core/base/os/libos.a core/base/libbase.a $(HOST_TEST_NEEDS)

# Linked with the host's parts.
tests_unit_test_host_modules_SOURCES = tests/unit/test_host_modules.c
tests_unit_test_host_modules_LDADD = $(HOST_LIBS) $(HOST_TEST_LIBS)
EXTRA_tests_unit_test_host_modules_DEPENDENCIES = \
	plugins/host/libhost.a core/base/os/libos.a core/base/libbase.a $(HOST_TEST_NEEDS) plugins/http.la plugins/tcp.la
tests_unit_test_host_descriptor_SOURCES = tests/unit/test_host_descriptor.c
tests_unit_test_host_descriptor_LDADD = $(HOST_LIBS) $(CMOCKA_LIBS)
