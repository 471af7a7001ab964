# core/memory: what the daemon remembers, between engine and store.
noinst_LIBRARIES += core/memory/libmemory.a
core_memory_libmemory_a_SOURCES = \
	core/memory/codec.c core/memory/codec.h core/memory/heal.c core/memory/heal_rows.c core/memory/heal_rows.h core/memory/incidents.c core/memory/keep.c core/memory/marks.c core/memory/marks.h core/memory/memory.c \
	core/memory/memory.h core/memory/memory_private.h core/memory/pages.c core/memory/recall.c core/memory/rows.c core/memory/rows.h core/memory/runs.c
