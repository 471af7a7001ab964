# tests/unit/memory.mk: core/memory: its rows alone, and all of it between a simulated engine and a real store.
check_PROGRAMS += tests/unit/test_memory_rows
TESTS += tests/unit/test_memory_rows
tests_unit_test_memory_rows_SOURCES = tests/unit/test_memory_rows.c
tests_unit_test_memory_rows_LDADD = core/memory/libmemory.a core/engine/libengine.a core/base/libbase.a $(CMOCKA_LIBS)
