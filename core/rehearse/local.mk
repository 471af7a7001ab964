# core/rehearse: written timelines of failures, played to the engine in simulated time.
noinst_LIBRARIES += core/rehearse/librehearse.a
core_rehearse_librehearse_a_SOURCES = \
	core/rehearse/acts.c \
	core/rehearse/judge.c \
	core/rehearse/names.c \
	core/rehearse/read_expect.c \
	core/rehearse/read_people.c \
	core/rehearse/read_step.c \
	core/rehearse/read_way.c \
	core/rehearse/rehearsal.h \
	core/rehearse/repair.c \
	core/rehearse/repair.h \
	core/rehearse/repair_effects.c \
	core/rehearse/scenario.c \
	core/rehearse/scenario.h \
	core/rehearse/scenario_private.h \
	core/rehearse/show.c \
	core/rehearse/show_json.c \
	core/rehearse/tell.c \
	core/rehearse/world.c \
	core/rehearse/world.h
