# tests/unit/hosts.mk: the plugin hosts against a host that misbehaves on demand, and what stands on them.
HOSTS_TESTS = tests/unit/test_hosts_bounds tests/unit/test_hosts_death tests/unit/test_hosts_ids tests/unit/test_hosts_load \
	tests/unit/test_hosts_message tests/unit/test_hosts_restart tests/unit/test_hosts_runs tests/unit/test_hosts_wire tests/unit/test_instances tests/unit/test_load
check_PROGRAMS += tests/unit/fake_talon_host $(HOSTS_TESTS)
TESTS += $(HOSTS_TESTS)
HOSTS_TEST_LIBS = \
	tests/unit/libhosts_support.a core/hosts/libhosts.a core/base/os/libos.a core/base/libbase.a $(CJSON_LIBS) $(EV_LIBS) $(CMOCKA_LIBS) -lm
check_LIBRARIES += tests/unit/libhosts_support.a
tests_unit_libhosts_support_a_SOURCES = tests/unit/hosts_support.c tests/unit/hosts_support.h

tests_unit_fake_talon_host_SOURCES = tests/unit/fake_talon.h tests/unit/fake_talon_host.c tests/unit/fake_talon_run.c tests/unit/fake_talon_say.c
tests_unit_fake_talon_host_LDADD = core/base/os/libos.a core/base/libbase.a $(CJSON_LIBS) $(EV_LIBS)
tests_unit_test_hosts_bounds_SOURCES = tests/unit/test_hosts_bounds.c
tests_unit_test_hosts_bounds_LDADD = $(HOSTS_TEST_LIBS)
tests_unit_test_hosts_death_SOURCES = tests/unit/test_hosts_death.c
tests_unit_test_hosts_death_LDADD = $(HOSTS_TEST_LIBS)
tests_unit_test_hosts_ids_SOURCES = tests/unit/test_hosts_ids.c
tests_unit_test_hosts_ids_LDADD = $(HOSTS_TEST_LIBS)
tests_unit_test_hosts_message_SOURCES = tests/unit/test_hosts_message.c
tests_unit_test_hosts_message_LDADD = $(HOSTS_TEST_LIBS)
tests_unit_test_hosts_load_SOURCES = tests/unit/test_hosts_load.c
tests_unit_test_hosts_load_LDADD = $(HOSTS_TEST_LIBS)
tests_unit_test_hosts_restart_SOURCES = tests/unit/test_hosts_restart.c
tests_unit_test_hosts_restart_LDADD = $(HOSTS_TEST_LIBS)
tests_unit_test_hosts_runs_SOURCES = tests/unit/test_hosts_runs.c
tests_unit_test_hosts_runs_LDADD = $(HOSTS_TEST_LIBS)
tests_unit_test_hosts_wire_SOURCES = tests/unit/test_hosts_wire.c
tests_unit_test_hosts_wire_LDADD = $(HOSTS_TEST_LIBS)
tests_unit_test_instances_SOURCES = tests/unit/test_instances.c core/filling.c core/filling.h core/instances.c core/instances.h
tests_unit_test_instances_LDADD = core/config/libconfig.a core/engine/libengine.a $(HOSTS_TEST_LIBS) $(YAML_LIBS)
tests_unit_test_load_SOURCES = tests/unit/test_load.c core/load.c core/load.h
tests_unit_test_load_LDADD = core/config/libconfig.a core/engine/libengine.a $(HOSTS_TEST_LIBS) $(YAML_LIBS)
