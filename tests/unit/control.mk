# tests/unit/control.mk: core/control: its rules alone, and the socket with a loop that is turned, or not, by the test.
CONTROL_TESTS = tests/unit/test_control_asks tests/unit/test_control_socket
check_PROGRAMS += $(CONTROL_TESTS)
TESTS += $(CONTROL_TESTS)
CONTROL_TEST_LIBS = core/control/libcontrol.a core/base/os/libos.a core/base/libbase.a $(MICROHTTPD_LIBS) $(EV_LIBS) $(CMOCKA_LIBS) -lm

tests_unit_test_control_asks_SOURCES = tests/unit/test_control_asks.c
tests_unit_test_control_asks_LDADD = $(CONTROL_TEST_LIBS)
tests_unit_test_control_socket_SOURCES = tests/unit/test_control_socket.c tests/unit/temp_folder.c tests/unit/temp_folder.h
tests_unit_test_control_socket_LDADD = $(CONTROL_TEST_LIBS)
