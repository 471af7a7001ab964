# tests/unit/config.mk: core/config: YAML to a checked model, and the values of secrets.
CONFIG_TESTS = \
	tests/unit/test_config_bounds tests/unit/test_config_describe tests/unit/test_config_good tests/unit/test_config_hostile tests/unit/test_config_include \
	tests/unit/test_config_mistakes tests/unit/test_config_pack tests/unit/test_config_people tests/unit/test_config_prints tests/unit/test_config_problems \
	tests/unit/test_config_runbooks tests/unit/test_config_schema tests/unit/test_config_secrets tests/unit/test_config_secrets_commands tests/unit/test_config_when \
	tests/unit/test_config_descriptions tests/unit/test_config_manual
check_PROGRAMS += $(CONFIG_TESTS)
TESTS += $(CONFIG_TESTS)
EXTRA_DIST += tests/unit/config

CONFIG_TEST_LIBS = \
	tests/unit/libconfig_support.a core/config/libconfig.a core/engine/libengine.a core/base/os/libos.a core/base/libbase.a \
	$(CMOCKA_LIBS) $(YAML_LIBS) $(CJSON_LIBS) $(EV_LIBS) -lm

check_LIBRARIES += tests/unit/libconfig_support.a
tests_unit_libconfig_support_a_SOURCES = tests/unit/config_support.c tests/unit/config_support.h
tests_unit_test_config_bounds_SOURCES = tests/unit/test_config_bounds.c
tests_unit_test_config_bounds_LDADD = $(CONFIG_TEST_LIBS)
tests_unit_test_config_describe_SOURCES = tests/unit/test_config_describe.c
tests_unit_test_config_describe_LDADD = $(CONFIG_TEST_LIBS)
tests_unit_test_config_good_SOURCES = tests/unit/test_config_good.c
tests_unit_test_config_good_LDADD = $(CONFIG_TEST_LIBS)
tests_unit_test_config_hostile_SOURCES = \
	tests/unit/test_config_hostile.c tests/unit/config_hostile.c tests/unit/config_hostile.h
tests_unit_test_config_hostile_LDADD = $(CONFIG_TEST_LIBS)
tests_unit_test_config_include_SOURCES = tests/unit/test_config_include.c
tests_unit_test_config_include_LDADD = $(CONFIG_TEST_LIBS)
tests_unit_test_config_manual_SOURCES = tests/unit/test_config_manual.c
tests_unit_test_config_manual_LDADD = $(CONFIG_TEST_LIBS)
tests_unit_test_config_mistakes_SOURCES = tests/unit/test_config_mistakes.c
tests_unit_test_config_mistakes_LDADD = $(CONFIG_TEST_LIBS)
tests_unit_test_config_pack_SOURCES = tests/unit/test_config_pack.c
tests_unit_test_config_pack_LDADD = $(CONFIG_TEST_LIBS)
tests_unit_test_config_people_SOURCES = tests/unit/test_config_people.c
tests_unit_test_config_people_LDADD = $(CONFIG_TEST_LIBS)
tests_unit_test_config_prints_SOURCES = tests/unit/test_config_prints.c
tests_unit_test_config_prints_LDADD = $(CONFIG_TEST_LIBS)
tests_unit_test_config_problems_SOURCES = tests/unit/test_config_problems.c
tests_unit_test_config_problems_LDADD = $(CONFIG_TEST_LIBS)
tests_unit_test_config_runbooks_SOURCES = tests/unit/test_config_runbooks.c
tests_unit_test_config_runbooks_LDADD = $(CONFIG_TEST_LIBS)
tests_unit_test_config_schema_SOURCES = tests/unit/test_config_schema.c
tests_unit_test_config_schema_LDADD = $(CONFIG_TEST_LIBS)
tests_unit_test_config_secrets_SOURCES = \
	tests/unit/test_config_secrets.c tests/unit/secrets_support.c tests/unit/secrets_support.h
tests_unit_test_config_secrets_LDADD = $(CONFIG_TEST_LIBS)
tests_unit_test_config_secrets_commands_SOURCES = \
	tests/unit/test_config_secrets_commands.c tests/unit/secrets_support.c tests/unit/secrets_support.h
tests_unit_test_config_secrets_commands_LDADD = $(CONFIG_TEST_LIBS)
tests_unit_test_config_when_SOURCES = tests/unit/test_config_when.c
tests_unit_test_config_when_LDADD = $(CONFIG_TEST_LIBS)
tests_unit_test_config_descriptions_SOURCES = tests/unit/test_config_descriptions.c
tests_unit_test_config_descriptions_LDADD = tests/unit/libhost_drive.a $(CONFIG_TEST_LIBS)
EXTRA_tests_unit_test_config_descriptions_DEPENDENCIES = \
	talon-host $(plugin_LTLIBRARIES) \
	core/config/libconfig.a core/engine/libengine.a core/base/os/libos.a core/base/libbase.a
