# What one shot and the daemon share.
noinst_LIBRARIES += core/libcore.a
core_libcore_a_SOURCES = core/action.c core/action.h core/filling.c core/filling.h core/instances.c core/instances.h core/load.c core/load.h core/locks.c core/locks.h core/orphans.c core/orphans.h core/saying.c core/saying.h \
	core/windows.c core/windows.h
CORE_LIBS = \
	core/libcore.a core/store/libstore.a core/hosts/libhosts.a core/config/libconfig.a core/engine/libengine.a \
	core/base/os/libos.a core/base/libbase.a $(CJSON_LIBS) $(YAML_LIBS) $(EV_LIBS) -lm

# The daemon: a program of its own, because the library that it serves with brings others that nobody who types `talon check` should wait for.
host_PROGRAMS += talon-core
talon_core_SOURCES = \
	core/core_main.c core/daemon.c core/daemon.h core/daemon_asked.c core/daemon_control.c core/daemon_control.h core/daemon_heal.c core/daemon_heal.h core/daemon_heal_acts.c core/daemon_heal_asked.c \
	core/daemon_heal_runs.c core/daemon_heal_story.c core/daemon_lack.c core/daemon_lack.h \
	core/daemon_heartbeat.c core/daemon_load.c core/daemon_memory.c core/daemon_observer.c core/daemon_observer.h core/daemon_outbox.c core/daemon_outbox.h core/daemon_outbox_asked.c core/daemon_outbox_send.c core/daemon_people.c core/daemon_people.h core/daemon_people_heal.c core/daemon_private.h core/daemon_programs.c core/daemon_programs.h core/daemon_reports.c core/daemon_said.c core/daemon_said.h \
	core/daemon_self.c core/daemon_self.h core/daemon_signals.c core/daemon_signals.h core/daemon_windows.c core/daemon_windows.h \
	core/guard.h core/guarded.c core/guarded.h core/last_words.c core/last_words.h core/watch.c core/watch.h
talon_core_LDADD = core/control/libcontrol.a core/memory/libmemory.a core/programs/libprograms.a core/serve/libserve.a core/heal/libheal.a core/outbox/liboutbox.a core/agents/libagents.a $(CORE_LIBS) $(MICROHTTPD_LIBS) $(SQLITE_LIBS)

# The command line.
bin_PROGRAMS += talon
talon_SOURCES = \
	core/main.c core/guard.c core/guard.h core/guard_keeper.c core/guard_keeper.h core/guard_notify.c core/guard_notify.h core/guard_report.c core/guard_report.h \
	core/cli/ask.c core/cli/ask.h core/cli/check.c core/cli/check_show.c core/cli/check_show.h core/cli/cli.h core/cli/command.c core/cli/command.h \
	core/cli/config.c \
	core/cli/describe.c core/cli/describe.h core/cli/discover.c core/cli/discover.h core/cli/discover_kube.c \
	core/cli/discover_tls.c core/cli/discover_tls.h core/cli/init.c core/cli/init.h core/cli/init_look.c \
	core/cli/init_names.c core/cli/init_names.h core/cli/init_write.c \
	core/cli/migrate.c core/cli/migrate.h core/cli/migrate_read.c core/cli/migrate_write.c \
	core/cli/fields.c core/cli/fields.h core/cli/incident_one.c core/cli/incidents.c core/cli/incidents_show.c core/cli/incidents_show.h \
	core/cli/heal.c core/cli/limits.c core/cli/notify.c core/cli/history.c core/cli/job.c core/cli/log.c core/cli/people.c core/cli/people.h core/cli/ping.c core/cli/push.h core/cli/silence.c core/cli/uptime.c core/cli/why.c \
	core/cli/offline.c core/cli/offline.h core/cli/old.c core/cli/options.c core/cli/output.c \
	core/cli/plugin.c core/cli/plugin.h core/cli/plugin_new.c core/cli/plugin_test.c core/cli/problems.c core/cli/problems.h core/cli/programs.c \
	core/cli/programs_show.c core/cli/programs_show.h \
	core/cli/reach.c core/cli/reach.h core/cli/rehearse.c core/cli/reload.c core/cli/run.c \
	core/cli/shot.c core/cli/shot.h core/cli/shot_judge.c core/cli/status.c core/cli/status_show.c core/cli/status_show.h core/cli/status_watch.c core/cli/toml.c core/cli/toml.h \
	core/cli/trial.c core/cli/trial.h core/cli/trial_options.c core/cli/trial_runs.c core/cli/trial_wire.c core/cli/validate.c core/cli/validate_channels.c core/cli/validate_channels.h \
	core/cli/worker_only.c core/cli/worker_only.h
if DARWIN
talon_SOURCES += core/cli/discover_darwin.c
else
talon_SOURCES += core/cli/discover_linux.c
endif
talon_LDADD = core/programs/libprograms.a core/rehearse/librehearse.a core/heal/libheal.a $(CORE_LIBS)
