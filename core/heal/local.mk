# core/heal: which repair may start, and when. Pure: base and model alone.
noinst_LIBRARIES += core/heal/libheal.a
core_heal_libheal_a_SOURCES = \
	core/heal/choose.c core/heal/choose.h \
	core/heal/heal.c core/heal/heal.h \
	core/heal/keep.c \
	core/heal/limits.c core/heal/limits.h \
	core/heal/record.c core/heal/record.h
