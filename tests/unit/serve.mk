# tests/unit/serve.mk: core/serve on an engine whose conclusions are set by hand; the endpoint over real sockets.
SERVE_TESTS = tests/unit/test_serve_snapshot tests/unit/test_serve_render tests/unit/test_serve_metrics \
	tests/unit/test_serve_request tests/unit/test_serve_endpoint tests/unit/test_serve_life tests/unit/test_serve_clients
check_PROGRAMS += $(SERVE_TESTS)
TESTS += $(SERVE_TESTS)
SERVE_TEST_SOURCES = tests/unit/serve_support.c tests/unit/serve_support.h core/model.c core/model.h
SERVE_TEST_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS) $(MICROHTTPD_CFLAGS) $(CJSON_CFLAGS) $(OPENSSL_CFLAGS)
SERVE_TEST_LIBS = core/serve/libserve.la core/base/os/libos.la core/base/libbase.la $(MICROHTTPD_LIBS) $(CMOCKA_LIBS) -lm

tests_unit_test_serve_snapshot_SOURCES = tests/unit/test_serve_snapshot.c $(SERVE_TEST_SOURCES)
tests_unit_test_serve_snapshot_CFLAGS = $(SERVE_TEST_CFLAGS)
tests_unit_test_serve_snapshot_LDADD = $(SERVE_TEST_LIBS)
tests_unit_test_serve_render_SOURCES = tests/unit/test_serve_render.c $(SERVE_TEST_SOURCES)
tests_unit_test_serve_render_CFLAGS = $(SERVE_TEST_CFLAGS)
tests_unit_test_serve_render_LDADD = $(SERVE_TEST_LIBS) $(CJSON_LIBS) $(OPENSSL_LIBS)
tests_unit_test_serve_metrics_SOURCES = tests/unit/test_serve_metrics.c $(SERVE_TEST_SOURCES)
tests_unit_test_serve_metrics_CFLAGS = $(SERVE_TEST_CFLAGS)
tests_unit_test_serve_metrics_LDADD = $(SERVE_TEST_LIBS)
tests_unit_test_serve_request_SOURCES = tests/unit/test_serve_request.c $(SERVE_TEST_SOURCES)
tests_unit_test_serve_request_CFLAGS = $(SERVE_TEST_CFLAGS)
tests_unit_test_serve_request_LDADD = $(SERVE_TEST_LIBS)
SERVE_ENDPOINT_SOURCES = \
	tests/unit/serve_endpoint.c tests/unit/serve_endpoint.h tests/unit/serve_client.c tests/unit/serve_client.h $(SERVE_TEST_SOURCES)
tests_unit_test_serve_endpoint_SOURCES = tests/unit/test_serve_endpoint.c $(SERVE_ENDPOINT_SOURCES)
tests_unit_test_serve_endpoint_CFLAGS = $(SERVE_TEST_CFLAGS)
tests_unit_test_serve_endpoint_LDADD = $(SERVE_TEST_LIBS) $(CJSON_LIBS)
tests_unit_test_serve_life_SOURCES = tests/unit/test_serve_life.c $(SERVE_ENDPOINT_SOURCES)
tests_unit_test_serve_life_CFLAGS = $(SERVE_TEST_CFLAGS)
tests_unit_test_serve_life_LDADD = $(SERVE_TEST_LIBS) $(CJSON_LIBS)
tests_unit_test_serve_clients_SOURCES = tests/unit/test_serve_clients.c tests/unit/serve_client.c tests/unit/serve_client.h $(SERVE_TEST_SOURCES)
tests_unit_test_serve_clients_CFLAGS = $(SERVE_TEST_CFLAGS)
tests_unit_test_serve_clients_LDADD = $(SERVE_TEST_LIBS)
