# tests/unit/store.mk: core/store.
check_PROGRAMS += tests/unit/test_state
TESTS += tests/unit/test_state
tests_unit_test_state_SOURCES = tests/unit/test_state.c tests/unit/temp_folder.c tests/unit/temp_folder.h
tests_unit_test_state_CFLAGS = $(BASE_TEST_CFLAGS)
tests_unit_test_state_LDADD = core/store/libstore.la core/base/os/libos.la core/base/libbase.la $(CJSON_LIBS) $(CMOCKA_LIBS)
