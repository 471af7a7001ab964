# core/heal: which repair may start, when, what it does, and who is asked next. Pure: base, model and the engine's face alone.
noinst_LIBRARIES += core/heal/libheal.a
core_heal_libheal_a_SOURCES = \
	core/heal/agents.c \
	core/heal/asking.c \
	core/heal/choose.c core/heal/choose.h \
	core/heal/conditions.c \
	core/heal/confirm.c \
	core/heal/evidence.c \
	core/heal/heal.c core/heal/heal.h core/heal/heal_private.h \
	core/heal/keep.c \
	core/heal/ladder.c \
	core/heal/limits.c core/heal/limits.h \
	core/heal/model.c \
	core/heal/passes.c \
	core/heal/question.c \
	core/heal/rearm.c \
	core/heal/record.c core/heal/record.h \
	core/heal/run.c \
	core/heal/sos.c \
	core/heal/steps.c \
	core/heal/todo.c \
	core/heal/words.c
