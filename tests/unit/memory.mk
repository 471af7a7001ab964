# tests/unit/memory.mk: core/memory: its rows alone, and all of it between a simulated engine and a real store.
check_PROGRAMS += tests/unit/test_memory_rows
TESTS += tests/unit/test_memory_rows
tests_unit_test_memory_rows_SOURCES = tests/unit/test_memory_rows.c
tests_unit_test_memory_rows_LDADD = core/memory/libmemory.a core/engine/libengine.a core/base/libbase.a $(CMOCKA_LIBS)
check_PROGRAMS += tests/unit/test_memory
TESTS += tests/unit/test_memory
tests_unit_test_memory_SOURCES = tests/unit/test_memory.c tests/unit/engine_support.h tests/unit/store_support.h tests/unit/temp_folder.c tests/unit/temp_folder.h
tests_unit_test_memory_LDADD = \
	tests/sim/libsim.a core/memory/libmemory.a core/serve/libserve.a core/store/libstore.a core/heal/libheal.a core/engine/libengine.a core/base/os/libos.a core/base/libbase.a \
	$(SQLITE_LIBS) $(CJSON_LIBS) $(CMOCKA_LIBS) -lm
check_PROGRAMS += tests/unit/test_memory_heal
TESTS += tests/unit/test_memory_heal
tests_unit_test_memory_heal_SOURCES = tests/unit/test_memory_heal.c tests/unit/store_support.h tests/unit/temp_folder.c tests/unit/temp_folder.h
tests_unit_test_memory_heal_LDADD = \
	core/memory/libmemory.a core/serve/libserve.a core/store/libstore.a core/heal/libheal.a core/engine/libengine.a core/base/os/libos.a core/base/libbase.a \
	$(SQLITE_LIBS) $(CJSON_LIBS) $(CMOCKA_LIBS) -lm
