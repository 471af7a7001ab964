# tests/unit/config.mk: core/config: YAML to a checked model, and the values of secrets.
CONFIG_TESTS = tests/unit/test_config_hostile tests/unit/test_config_mistakes
check_PROGRAMS += $(CONFIG_TESTS)
TESTS += $(CONFIG_TESTS)
EXTRA_DIST += tests/unit/config

CONFIG_TEST_SUPPORT = tests/unit/config_support.c tests/unit/config_support.h
CONFIG_TEST_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS) $(CJSON_CFLAGS)
CONFIG_TEST_LIBS = \
	core/config/libconfig.la core/engine/libengine.la core/base/os/libos.la core/base/libbase.la \
	$(CMOCKA_LIBS) $(YAML_LIBS) $(CJSON_LIBS) $(EV_LIBS) -lm

tests_unit_test_config_hostile_SOURCES = tests/unit/test_config_hostile.c $(CONFIG_TEST_SUPPORT)
tests_unit_test_config_hostile_CFLAGS = $(CONFIG_TEST_CFLAGS)
tests_unit_test_config_hostile_LDADD = $(CONFIG_TEST_LIBS)
tests_unit_test_config_mistakes_SOURCES = tests/unit/test_config_mistakes.c $(CONFIG_TEST_SUPPORT)
tests_unit_test_config_mistakes_CFLAGS = $(CONFIG_TEST_CFLAGS)
tests_unit_test_config_mistakes_LDADD = $(CONFIG_TEST_LIBS)
