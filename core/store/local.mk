# core/store: what must outlive a restart.
noinst_LIBRARIES += core/store/libstore.a
core_store_libstore_a_SOURCES = core/store/state.c core/store/state.h
