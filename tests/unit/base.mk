# tests/unit/base.mk: core/base and core/base/os.
base_tests = \
	tests/unit/test_base_arena tests/unit/test_base_buffer tests/unit/test_base_calendar tests/unit/test_base_child tests/unit/test_base_clock \
	tests/unit/test_base_files tests/unit/test_base_install tests/unit/test_base_lines tests/unit/test_base_log \
	tests/unit/test_base_loop tests/unit/test_base_result tests/unit/test_base_scalar tests/unit/test_base_text
check_PROGRAMS += $(base_tests)
TESTS += $(base_tests)

BASE_TEST_LIBS = core/base/os/libos.a core/base/libbase.a $(CMOCKA_LIBS) $(EV_LIBS) -lm

tests_unit_test_base_arena_SOURCES = tests/unit/test_base_arena.c
tests_unit_test_base_arena_LDADD = $(BASE_TEST_LIBS)
tests_unit_test_base_buffer_SOURCES = tests/unit/test_base_buffer.c
tests_unit_test_base_buffer_LDADD = $(BASE_TEST_LIBS)
tests_unit_test_base_calendar_SOURCES = tests/unit/test_base_calendar.c
tests_unit_test_base_calendar_LDADD = $(BASE_TEST_LIBS)
# Prints what is known of a zone, to be compared with python's (tests/integration/test_maintenance.py).
check_PROGRAMS += tests/unit/calendar-dump
tests_unit_calendar_dump_SOURCES = tests/unit/calendar_dump.c
tests_unit_calendar_dump_LDADD = core/base/os/libos.a core/base/libbase.a
tests_unit_test_base_child_SOURCES = tests/unit/test_base_child.c tests/unit/temp_folder.c tests/unit/temp_folder.h
tests_unit_test_base_child_LDADD = $(BASE_TEST_LIBS)
tests_unit_test_base_clock_SOURCES = tests/unit/test_base_clock.c tests/unit/temp_folder.c tests/unit/temp_folder.h
tests_unit_test_base_clock_LDADD = $(BASE_TEST_LIBS)
tests_unit_test_base_files_SOURCES = tests/unit/test_base_files.c tests/unit/temp_folder.c tests/unit/temp_folder.h
tests_unit_test_base_files_LDADD = $(BASE_TEST_LIBS)
tests_unit_test_base_install_SOURCES = tests/unit/test_base_install.c tests/unit/temp_folder.c tests/unit/temp_folder.h
tests_unit_test_base_install_LDADD = $(BASE_TEST_LIBS)
tests_unit_test_base_lines_SOURCES = tests/unit/test_base_lines.c
tests_unit_test_base_lines_LDADD = $(BASE_TEST_LIBS)
tests_unit_test_base_log_SOURCES = tests/unit/test_base_log.c tests/unit/temp_folder.c tests/unit/temp_folder.h
tests_unit_test_base_log_LDADD = $(BASE_TEST_LIBS)
tests_unit_test_base_loop_SOURCES = tests/unit/test_base_loop.c
tests_unit_test_base_loop_LDADD = $(BASE_TEST_LIBS)
tests_unit_test_base_result_SOURCES = tests/unit/test_base_result.c
tests_unit_test_base_result_LDADD = $(BASE_TEST_LIBS)
tests_unit_test_base_scalar_SOURCES = tests/unit/test_base_scalar.c
tests_unit_test_base_scalar_LDADD = $(BASE_TEST_LIBS)
tests_unit_test_base_text_SOURCES = tests/unit/test_base_text.c
tests_unit_test_base_text_LDADD = $(BASE_TEST_LIBS)
