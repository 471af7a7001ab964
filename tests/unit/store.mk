# tests/unit/store.mk: core/store, and core/watch.c.
check_PROGRAMS += tests/unit/test_state tests/unit/test_store tests/unit/test_store_rows tests/unit/test_watch
TESTS += tests/unit/test_state tests/unit/test_store tests/unit/test_store_rows tests/unit/test_watch
tests_unit_test_state_SOURCES = tests/unit/test_state.c tests/unit/temp_folder.c tests/unit/temp_folder.h
tests_unit_test_state_LDADD = core/store/libstore.a core/base/os/libos.a core/base/libbase.a $(CJSON_LIBS) $(CMOCKA_LIBS)
tests_unit_test_store_SOURCES = tests/unit/test_store.c tests/unit/store_support.h tests/unit/temp_folder.c tests/unit/temp_folder.h
tests_unit_test_store_LDADD = core/store/libstore.a core/base/os/libos.a core/base/libbase.a $(SQLITE_LIBS) $(CJSON_LIBS) $(CMOCKA_LIBS)
tests_unit_test_watch_SOURCES = tests/unit/test_watch.c core/watch.c core/watch.h tests/unit/temp_folder.c tests/unit/temp_folder.h
tests_unit_test_watch_LDADD = $(BASE_TEST_LIBS)
tests_unit_test_store_rows_SOURCES = tests/unit/test_store_rows.c tests/unit/store_support.h tests/unit/temp_folder.c tests/unit/temp_folder.h
tests_unit_test_store_rows_LDADD = $(tests_unit_test_store_LDADD)
