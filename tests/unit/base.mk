# tests/unit/base.mk: core/base and core/base/os.
base_tests = \
	tests/unit/test_base_arena tests/unit/test_base_buffer tests/unit/test_base_result tests/unit/test_base_scalar tests/unit/test_base_text
check_PROGRAMS += $(base_tests)
TESTS += $(base_tests)

BASE_TEST_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
BASE_TEST_LIBS = core/base/os/libos.la core/base/libbase.la $(CMOCKA_LIBS) $(EV_LIBS) -lm

tests_unit_test_base_arena_CFLAGS = $(BASE_TEST_CFLAGS)
tests_unit_test_base_arena_LDADD = $(BASE_TEST_LIBS)
tests_unit_test_base_buffer_CFLAGS = $(BASE_TEST_CFLAGS)
tests_unit_test_base_buffer_LDADD = $(BASE_TEST_LIBS)
tests_unit_test_base_result_CFLAGS = $(BASE_TEST_CFLAGS)
tests_unit_test_base_result_LDADD = $(BASE_TEST_LIBS)
tests_unit_test_base_scalar_CFLAGS = $(BASE_TEST_CFLAGS)
tests_unit_test_base_scalar_LDADD = $(BASE_TEST_LIBS)
tests_unit_test_base_text_CFLAGS = $(BASE_TEST_CFLAGS)
tests_unit_test_base_text_LDADD = $(BASE_TEST_LIBS)
