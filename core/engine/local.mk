# core/engine: the judgement. Pure: base and model alone.
noinst_LIBRARIES += core/engine/libengine.a
core_engine_libengine_a_SOURCES = \
	core/engine/engine.h core/engine/engine_incident.h core/engine/engine_keep.h core/engine/engine_people.h \
	core/engine/engine_private.h \
	core/engine/cause.c \
	core/engine/clocks.c \
	core/engine/command.c \
	core/engine/effects.c \
	core/engine/engine.c \
	core/engine/flap.c \
	core/engine/healing.c \
	core/engine/heap.c \
	core/engine/incident.c \
	core/engine/keep.c \
	core/engine/needs.c \
	core/engine/notice.c \
	core/engine/observer.c \
	core/engine/overall.c \
	core/engine/paths.c \
	core/engine/reload.c \
	core/engine/restore.c \
	core/engine/runs.c \
	core/engine/schedule.c \
	core/engine/service.c \
	core/engine/silence.c \
	core/engine/slots.c \
	core/engine/storm.c \
	core/engine/streaks.c \
	core/engine/tables.c \
	core/engine/timeline.c \
	core/engine/when.c \
	core/engine/why.c \
	core/engine/words.c \
	core/model.c core/model.h
