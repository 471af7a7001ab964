# core/store: what must outlive a restart.
noinst_LTLIBRARIES += core/store/libstore.la
core_store_libstore_la_SOURCES = core/store/state.c core/store/state.h
core_store_libstore_la_CFLAGS = $(AM_CFLAGS) $(CJSON_CFLAGS)
