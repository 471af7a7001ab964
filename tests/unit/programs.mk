# tests/unit/programs.mk: core/programs: the life of a program in simulated time, and the parts around it.
programs_tests = tests/unit/test_programs_life tests/unit/test_programs_parts
check_PROGRAMS += $(programs_tests)
TESTS += $(programs_tests)

tests_unit_test_programs_life_SOURCES = tests/unit/test_programs_life.c
tests_unit_test_programs_life_LDADD = core/programs/libprograms.a core/base/libbase.a $(CMOCKA_LIBS)

tests_unit_test_programs_parts_SOURCES = tests/unit/test_programs_parts.c core/programs/rotate.c tests/unit/temp_folder.c tests/unit/temp_folder.h
tests_unit_test_programs_parts_LDADD = core/programs/libprograms.a core/base/os/libos.a core/base/libbase.a $(CMOCKA_LIBS)
