# tests/unit/serve.mk: core/serve on an engine whose conclusions are set by hand; the endpoint over real sockets.
SERVE_TESTS = tests/unit/test_serve_heal tests/unit/test_serve_people tests/unit/test_serve_past tests/unit/test_serve_snapshot tests/unit/test_serve_render tests/unit/test_serve_metrics \
	tests/unit/test_serve_request tests/unit/test_serve_endpoint tests/unit/test_serve_life tests/unit/test_serve_clients tests/unit/test_threads
check_PROGRAMS += $(SERVE_TESTS)
TESTS += $(SERVE_TESTS)
SERVE_TEST_LIBS = \
	tests/unit/libserve_support.a core/serve/libserve.a core/heal/libheal.a tests/unit/libserve_model.a \
	core/base/os/libos.a core/base/libbase.a $(MICROHTTPD_LIBS) $(CMOCKA_LIBS) -lm

check_LIBRARIES += tests/unit/libserve_support.a tests/unit/libserve_model.a
tests_unit_libserve_model_a_SOURCES = core/model.c core/model.h
tests_unit_libserve_support_a_SOURCES = \
	tests/unit/serve_support.c tests/unit/serve_support.h tests/unit/serve_client.c tests/unit/serve_client.h \
	tests/unit/serve_endpoint.c tests/unit/serve_endpoint.h
tests_unit_test_serve_snapshot_SOURCES = tests/unit/test_serve_snapshot.c
tests_unit_test_serve_snapshot_LDADD = $(SERVE_TEST_LIBS)
tests_unit_test_serve_render_SOURCES = tests/unit/test_serve_render.c
tests_unit_test_serve_render_LDADD = $(SERVE_TEST_LIBS) $(CJSON_LIBS) $(OPENSSL_LIBS)
tests_unit_test_serve_heal_SOURCES = tests/unit/test_serve_heal.c
tests_unit_test_serve_heal_LDADD = $(SERVE_TEST_LIBS) $(CJSON_LIBS)
tests_unit_test_serve_people_SOURCES = tests/unit/test_serve_people.c
tests_unit_test_serve_people_LDADD = $(SERVE_TEST_LIBS) $(CJSON_LIBS)
tests_unit_test_serve_past_SOURCES = tests/unit/test_serve_past.c
tests_unit_test_serve_past_LDADD = $(SERVE_TEST_LIBS)
tests_unit_test_serve_metrics_SOURCES = tests/unit/test_serve_metrics.c
tests_unit_test_serve_metrics_LDADD = $(SERVE_TEST_LIBS)
tests_unit_test_serve_request_SOURCES = tests/unit/test_serve_request.c
tests_unit_test_serve_request_LDADD = $(SERVE_TEST_LIBS)
tests_unit_test_serve_endpoint_SOURCES = tests/unit/test_serve_endpoint.c
tests_unit_test_serve_endpoint_LDADD = $(SERVE_TEST_LIBS) $(CJSON_LIBS)
tests_unit_test_serve_life_SOURCES = tests/unit/test_serve_life.c
tests_unit_test_serve_life_LDADD = $(SERVE_TEST_LIBS) $(CJSON_LIBS)
tests_unit_test_serve_clients_SOURCES = tests/unit/test_serve_clients.c
tests_unit_test_serve_clients_LDADD = $(SERVE_TEST_LIBS)

# The threads of the daemon together.
tests_unit_test_threads_SOURCES = tests/unit/test_threads.c tests/unit/temp_folder.c tests/unit/temp_folder.h
tests_unit_test_threads_LDADD = \
	tests/unit/libserve_support.a core/serve/libserve.a core/heal/libheal.a tests/unit/libserve_model.a core/control/libcontrol.a core/store/libstore.a \
	core/base/os/libos.a core/base/libbase.a $(MICROHTTPD_LIBS) $(CJSON_LIBS) $(EV_LIBS) $(CMOCKA_LIBS) -lm

# What has threads, for a build with --enable-thread-sanitizer.
THREAD_TESTS = \
	tests/unit/test_threads tests/unit/test_serve_endpoint tests/unit/test_serve_life tests/unit/test_serve_clients tests/unit/test_serve_past tests/unit/test_control_socket \
	tests/unit/test_base_log tests/unit/test_store
check-threads: $(BUILT_SOURCES)
	$(MAKE) $(AM_MAKEFLAGS) $(THREAD_TESTS)
	$(MAKE) $(AM_MAKEFLAGS) check-TESTS TESTS='$(THREAD_TESTS)' check_PROGRAMS= check_LIBRARIES= check_LTLIBRARIES= # and nothing beside them is built
