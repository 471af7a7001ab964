# tests/unit/host_modules.mk: the TLS and HTTP modules of the plugin host, as they were built, against real and misbehaving servers.
HOST_MODULE_TEST = tests/unit/module_client.c tests/unit/module_client.h tests/unit/module_server.c tests/unit/module_server.h
HOST_MODULE_TEST_LIBS = $(CMOCKA_LIBS) $(OPENSSL_LIBS) $(EV_LIBS) -lm
check_PROGRAMS += tests/unit/test_host_http
TESTS += tests/unit/test_host_http
tests_unit_test_host_http_SOURCES = tests/unit/test_host_http.c $(HOST_MODULE_TEST)
tests_unit_test_host_http_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS) $(OPENSSL_CFLAGS)
tests_unit_test_host_http_LDADD = $(HOST_MODULE_TEST_LIBS)
tests_unit_test_host_http_DEPENDENCIES = plugins/host/talon-host-http.la
