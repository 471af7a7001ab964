# The program talon: the daemon and its command line.
bin_PROGRAMS += talon
talon_SOURCES = \
	core/main.c \
	core/daemon.c core/daemon.h core/daemon_self.c core/daemon_self.h \
	core/instances.c core/instances.h core/load.c core/load.h core/watch.c core/watch.h \
	core/cli/ask.c core/cli/ask.h core/cli/check.c core/cli/check_show.c core/cli/check_show.h core/cli/cli.h core/cli/config.c \
	core/cli/describe.c core/cli/describe.h core/cli/discover.c core/cli/discover.h core/cli/discover_kube.c \
	core/cli/discover_tls.c core/cli/discover_tls.h core/cli/init.c core/cli/init.h core/cli/init_look.c \
	core/cli/init_names.c core/cli/init_names.h core/cli/init_write.c \
	core/cli/offline.c core/cli/offline.h core/cli/old.c core/cli/options.c core/cli/output.c \
	core/cli/plugin.c core/cli/problems.c core/cli/problems.h core/cli/reach.c core/cli/reach.h core/cli/run.c \
	core/cli/shot.c core/cli/shot.h core/cli/shot_judge.c core/cli/status.c core/cli/validate.c
if DARWIN
talon_SOURCES += core/cli/discover_darwin.c
else
talon_SOURCES += core/cli/discover_linux.c
endif
talon_CFLAGS = $(AM_CFLAGS) $(CJSON_CFLAGS) $(YAML_CFLAGS)
talon_LDADD = \
	core/serve/libserve.la core/hosts/libhosts.la core/store/libstore.la core/config/libconfig.la core/engine/libengine.la \
	core/base/os/libos.la core/base/libbase.la \
	$(MICROHTTPD_LIBS) $(CJSON_LIBS) $(YAML_LIBS) $(EV_LIBS) -lm
