# core/store: what must outlive a restart.
noinst_LIBRARIES += core/store/libstore.a
core_store_libstore_a_SOURCES = core/store/aside.c core/store/aside.h core/store/ask.c core/store/database.c core/store/give.c core/store/questions.c core/store/records.c \
	core/store/state.c core/store/state.h core/store/store.c core/store/store.h core/store/store_private.h core/store/trim.c core/store/work.c
core_store_libstore_a_CFLAGS = $(AM_CFLAGS) $(SQLITE_CFLAGS)
