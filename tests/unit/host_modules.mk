# tests/unit/host_modules.mk: the TLS and HTTP modules of the plugin host, as they were built, against real and misbehaving servers.
HOST_MODULE_TEST_LIBS = tests/unit/libmodule_support.a $(CMOCKA_LIBS) $(OPENSSL_LIBS) $(EV_LIBS) -lm
HOST_MODULE_TEST_NEEDS = tests/unit/libmodule_support.a plugins/host/talon-host-http.la plugins/host/talon-host-tls.la
check_LIBRARIES += tests/unit/libmodule_support.a
tests_unit_libmodule_support_a_SOURCES = \
	tests/unit/module_certs.c tests/unit/module_certs.h tests/unit/module_client.c tests/unit/module_client.h \
	tests/unit/module_server.c tests/unit/module_server.h
HOST_MODULE_TESTS = \
	tests/unit/test_host_tls \
	tests/unit/test_host_tls_system \
	tests/unit/test_host_http \
	tests/unit/test_host_http_bad \
	tests/unit/test_host_http_places \
	tests/unit/test_host_http_redirect \
	tests/unit/test_host_http_tls \
	tests/unit/test_host_http_two
if LINUX
HOST_MODULE_TESTS += tests/unit/test_host_http_spin
endif
check_PROGRAMS += $(HOST_MODULE_TESTS)
TESTS += $(HOST_MODULE_TESTS)
tests_unit_test_host_tls_SOURCES = tests/unit/test_host_tls.c
tests_unit_test_host_tls_LDADD = $(HOST_MODULE_TEST_LIBS)
EXTRA_tests_unit_test_host_tls_DEPENDENCIES = $(HOST_MODULE_TEST_NEEDS)
tests_unit_test_host_http_SOURCES = tests/unit/test_host_http.c
tests_unit_test_host_http_LDADD = $(HOST_MODULE_TEST_LIBS)
EXTRA_tests_unit_test_host_http_DEPENDENCIES = $(HOST_MODULE_TEST_NEEDS)
tests_unit_test_host_http_bad_SOURCES = tests/unit/test_host_http_bad.c
tests_unit_test_host_http_bad_LDADD = $(HOST_MODULE_TEST_LIBS)
EXTRA_tests_unit_test_host_http_bad_DEPENDENCIES = $(HOST_MODULE_TEST_NEEDS)
tests_unit_test_host_http_places_SOURCES = tests/unit/test_host_http_places.c
tests_unit_test_host_http_places_LDADD = $(HOST_MODULE_TEST_LIBS)
EXTRA_tests_unit_test_host_http_places_DEPENDENCIES = $(HOST_MODULE_TEST_NEEDS)
tests_unit_test_host_http_redirect_SOURCES = tests/unit/test_host_http_redirect.c
tests_unit_test_host_http_redirect_LDADD = $(HOST_MODULE_TEST_LIBS)
EXTRA_tests_unit_test_host_http_redirect_DEPENDENCIES = $(HOST_MODULE_TEST_NEEDS)
tests_unit_test_host_http_spin_SOURCES = tests/unit/test_host_http_spin.c
tests_unit_test_host_http_spin_LDFLAGS = $(AM_LDFLAGS) -export-dynamic
tests_unit_test_host_http_spin_LDADD = $(HOST_MODULE_TEST_LIBS)
EXTRA_tests_unit_test_host_http_spin_DEPENDENCIES = $(HOST_MODULE_TEST_NEEDS)
tests_unit_test_host_http_tls_SOURCES = tests/unit/test_host_http_tls.c
tests_unit_test_host_http_tls_LDADD = $(HOST_MODULE_TEST_LIBS)
EXTRA_tests_unit_test_host_http_tls_DEPENDENCIES = $(HOST_MODULE_TEST_NEEDS)
tests_unit_test_host_http_two_SOURCES = tests/unit/test_host_http_two.c
tests_unit_test_host_http_two_LDADD = $(HOST_MODULE_TEST_LIBS)
EXTRA_tests_unit_test_host_http_two_DEPENDENCIES = $(HOST_MODULE_TEST_NEEDS)
tests_unit_test_host_tls_system_SOURCES = tests/unit/test_host_tls_system.c
tests_unit_test_host_tls_system_LDADD = $(HOST_MODULE_TEST_LIBS)
EXTRA_tests_unit_test_host_tls_system_DEPENDENCIES = $(HOST_MODULE_TEST_NEEDS)
