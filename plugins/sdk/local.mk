# plugins/sdk: what authors of plugins need: the ABI's header, the fake host for their unit tests, both
# for pkg-config, and what `talon plugin new` copies.
pkgconfigdir = $(libdir)/pkgconfig
nodist_pkgconfig_DATA = plugins/sdk/talon.pc plugins/sdk/talon-fake-host.pc
taloninclude_HEADERS = plugins/sdk/talon/plugin.h plugins/sdk/talon/fake_host.h
talonincludedir = $(includedir)/talon

lib_LTLIBRARIES = libtalon-fake-host.la
libtalon_fake_host_la_SOURCES = \
	plugins/sdk/fake_copy.c plugins/sdk/fake_describe.c plugins/sdk/fake_host.c plugins/sdk/fake_ops.c \
	plugins/sdk/fake_options.c plugins/sdk/fake_peer.c plugins/sdk/fake_private.h plugins/sdk/fake_time.c
libtalon_fake_host_la_CFLAGS = $(AM_CFLAGS) -fvisibility=default $(PCRE2_CFLAGS)
libtalon_fake_host_la_LDFLAGS = $(AM_LDFLAGS) -version-info 0:0:0
libtalon_fake_host_la_LIBADD = $(PCRE2_LIBS) -lm

dist_template_DATA = \
	plugins/sdk/template/check.c.template plugins/sdk/template/test_check.c.template plugins/sdk/template/Makefile.template plugins/sdk/template/README.md.template
