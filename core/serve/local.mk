# core/serve: the HTTP endpoint, in its own thread.
noinst_LTLIBRARIES += core/serve/libserve.la
core_serve_libserve_la_SOURCES = core/serve/serve.h core/serve/snapshot.h
core_serve_libserve_la_CFLAGS = $(AM_CFLAGS) $(MICROHTTPD_CFLAGS)
