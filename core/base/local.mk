# core/base: pure helpers (also linked into plugins/host), and base/os: what asks the operating system.
noinst_LIBRARIES += core/base/libbase.a core/base/os/libos.a
core_base_libbase_a_SOURCES = \
	core/base/arena.c core/base/arena.h \
	core/base/buffer.c core/base/buffer.h \
	core/base/calendar.c core/base/calendar.h \
	core/base/logic.h core/base/moment.h \
	core/base/result.c core/base/result.h \
	core/base/sanitized.h \
	core/base/scalar.c core/base/scalar.h core/base/scalar_address.c core/base/scalar_private.h core/base/scalar_units.c \
	core/base/shortage.c core/base/shortage.h \
	core/base/text.c core/base/text.h core/base/text_nearest.c \
	core/base/zone.c core/base/zone.h
core_base_os_libos_a_SOURCES = \
	core/base/os/child.c core/base/os/child.h core/base/os/child_system.h \
	core/base/os/clock.c core/base/os/clock.h core/base/os/clock_shift.c core/base/os/clock_shift.h core/base/os/clock_system.h \
	core/base/os/crumb.c core/base/os/crumb.h \
	core/base/os/files.c core/base/os/files.h core/base/os/files_lock.c core/base/os/files_system.h \
	core/base/os/install_paths.c core/base/os/install_paths.h core/base/os/install_paths_system.h \
	core/base/os/lines.c core/base/os/lines.h \
	core/base/os/log.c core/base/os/log.h \
	core/base/os/loop.c core/base/os/loop.h core/base/os/loop_backends.h core/base/os/memory.h \
	core/base/os/pass.c core/base/os/pass.h core/base/os/port.c core/base/os/port.h core/base/os/port_system.h \
	core/base/os/process.h core/base/os/strays.c core/base/os/strays.h \
	core/base/os/random.c core/base/os/random.h core/base/os/random_system.h \
	core/base/os/reserve.c core/base/os/reserve.h core/base/os/zones.c core/base/os/zones.h
if DARWIN
core_base_os_libos_a_SOURCES += \
	core/base/os/child_darwin.c core/base/os/clock_darwin.c core/base/os/files_darwin.c core/base/os/install_paths_darwin.c \
	core/base/os/loop_darwin.c core/base/os/memory_darwin.c core/base/os/port_darwin.c core/base/os/process_darwin.c core/base/os/random_darwin.c
else
core_base_os_libos_a_SOURCES += \
	core/base/os/child_linux.c core/base/os/clock_linux.c core/base/os/files_linux.c core/base/os/install_paths_linux.c \
	core/base/os/loop_linux.c core/base/os/memory_linux.c core/base/os/port_linux.c core/base/os/process_linux.c core/base/os/random_linux.c
endif
# Where Talon will be installed, for the few files that need to know: configured for another place, only they are compiled anew.
BUILT_SOURCES += install_dirs.h
CLEANFILES += install_dirs.h
install_dirs.h: Makefile
	$(AM_V_at)printf '#define TALON_%sDIR "%s"\n' SYSCONF '$(sysconfdir)' PLUGIN '$(plugindir)' HOST '$(hostdir)' RUNBOOK '$(runbookdir)' DATA '$(datadir)/talon' \
		TEMPLATE '$(templatedir)' >$@.tmp
	$(AM_V_at)if cmp -s $@.tmp $@; then rm -f $@.tmp; else mv -f $@.tmp $@; fi

# What the modules of talon-host have of it, compiled as code of shared objects is.
noinst_LTLIBRARIES += core/base/libmodule.la
core_base_libmodule_la_SOURCES = \
	core/base/buffer.c core/base/shortage.c core/base/text.c \
	core/base/os/clock.c core/base/os/clock_shift.c core/base/os/files.c core/base/os/random.c core/base/os/reserve.c
core_base_libmodule_la_CFLAGS = $(AM_CFLAGS)
if DARWIN
core_base_libmodule_la_SOURCES += core/base/os/clock_darwin.c core/base/os/files_darwin.c core/base/os/random_darwin.c
else
core_base_libmodule_la_SOURCES += core/base/os/clock_linux.c core/base/os/files_linux.c core/base/os/random_linux.c
endif
