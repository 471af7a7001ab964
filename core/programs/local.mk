# core/programs: supervised programs. The keeper is a program of its own, small, because it must outlive the core.
noinst_LIBRARIES += core/programs/libprograms.a
core_programs_libprograms_a_SOURCES = \
	core/programs/call.c core/programs/call.h core/programs/environment.c core/programs/environment.h core/programs/life.c core/programs/life.h \
	core/programs/link.c core/programs/loaded.c core/programs/loaded.h core/programs/program.c core/programs/programs.c core/programs/programs.h \
	core/programs/programs_private.h core/programs/start.c core/programs/task.c core/programs/task.h core/programs/tell.c

host_PROGRAMS += talon-keeper
talon_keeper_SOURCES = core/programs/held.c core/programs/held.h core/programs/keeper.c core/programs/keeper.h core/programs/rotate.c core/programs/rotate.h
talon_keeper_LDADD = core/base/os/libos.a core/base/libbase.a $(CJSON_LIBS)
