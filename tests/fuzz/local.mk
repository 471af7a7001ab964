# tests/fuzz: libFuzzer targets, which `make fuzzers` builds where configure was given --enable-fuzzers CC=clang; tests/fuzz/run runs them.
FUZZ_TARGETS = \
	tests/fuzz/fuzz-yaml tests/fuzz/fuzz-when tests/fuzz/fuzz-wire-core tests/fuzz/fuzz-wire-host tests/fuzz/fuzz-redis tests/fuzz/fuzz-http \
	tests/fuzz/fuzz-state tests/fuzz/fuzz-docker tests/fuzz/fuzz-talos tests/fuzz/fuzz-nfs tests/fuzz/fuzz-jsonrpc tests/fuzz/fuzz-kubernetes \
	tests/fuzz/fuzz-answers tests/fuzz/fuzz-scenario tests/fuzz/fuzz-heal
EXTRA_PROGRAMS += $(FUZZ_TARGETS)
dist_noinst_SCRIPTS += tests/fuzz/run
EXTRA_DIST += tests/fuzz/seeds
.PHONY: fuzzers
if FUZZERS
fuzzers: $(FUZZ_TARGETS)
FUZZ_LINK = $(AM_LDFLAGS) -fsanitize=fuzzer
else
fuzzers:
	@echo 'fuzzers need a build of their own: configure --enable-fuzzers CC=clang' >&2; exit 1
FUZZ_LINK = $(AM_LDFLAGS)
endif

FUZZ_SOURCES = tests/fuzz/fuzz.c tests/fuzz/fuzz.h
FUZZ_CORE_SOURCES = $(FUZZ_SOURCES) tests/fuzz/fuzz_log.c
FUZZ_CONFIG_SOURCES = $(FUZZ_CORE_SOURCES) tests/fuzz/fuzz_config.c tests/fuzz/fuzz_config.h
FUZZ_CONFIG_CFLAGS = $(AM_CFLAGS) -DFUZZ_DESCRIPTIONS='"$(abs_top_srcdir)/tests/unit/config/descriptions"'
FUZZ_CONFIG_LIBS = \
	core/config/libconfig.a core/engine/libengine.a core/base/os/libos.a core/base/libbase.a $(YAML_LIBS) $(CJSON_LIBS) $(EV_LIBS) -lm

tests_fuzz_fuzz_yaml_SOURCES = tests/fuzz/fuzz_yaml.c $(FUZZ_CONFIG_SOURCES)
tests_fuzz_fuzz_yaml_CFLAGS = $(FUZZ_CONFIG_CFLAGS)
tests_fuzz_fuzz_yaml_LDFLAGS = $(FUZZ_LINK)
tests_fuzz_fuzz_yaml_LDADD = $(FUZZ_CONFIG_LIBS)
tests_fuzz_fuzz_when_SOURCES = tests/fuzz/fuzz_when.c $(FUZZ_CONFIG_SOURCES)
tests_fuzz_fuzz_when_CFLAGS = $(FUZZ_CONFIG_CFLAGS)
tests_fuzz_fuzz_when_LDFLAGS = $(FUZZ_LINK)
tests_fuzz_fuzz_when_LDADD = $(FUZZ_CONFIG_LIBS)
tests_fuzz_fuzz_state_SOURCES = tests/fuzz/fuzz_state.c tests/fuzz/fuzz_rows.c tests/fuzz/fuzz_rows.h $(FUZZ_CONFIG_SOURCES)
tests_fuzz_fuzz_state_CFLAGS = $(FUZZ_CONFIG_CFLAGS)
tests_fuzz_fuzz_state_LDFLAGS = $(FUZZ_LINK)
tests_fuzz_fuzz_state_LDADD = core/store/libstore.a core/memory/libmemory.a $(FUZZ_CONFIG_LIBS)
tests_fuzz_fuzz_wire_core_SOURCES = tests/fuzz/fuzz_wire_core.c $(FUZZ_CORE_SOURCES)
tests_fuzz_fuzz_wire_core_LDFLAGS = $(FUZZ_LINK)
tests_fuzz_fuzz_wire_core_LDADD = core/hosts/libhosts.a core/base/os/libos.a core/base/libbase.a $(CJSON_LIBS) $(EV_LIBS) -lm
tests_fuzz_fuzz_wire_host_SOURCES = tests/fuzz/fuzz_wire_host.c tests/fuzz/fuzz_plugin.c tests/fuzz/fuzz_plugin.h $(FUZZ_SOURCES)
tests_fuzz_fuzz_wire_host_LDFLAGS = $(FUZZ_LINK)
tests_fuzz_fuzz_wire_host_LDADD = $(HOST_LIBS)

# The plugins are compiled into their targets, as they are into their unit tests, and the fake host with them: no shared object is to be found.
FUZZ_FAKE_HOST = \
	plugins/sdk/fake_copy.c plugins/sdk/fake_describe.c plugins/sdk/fake_host.c plugins/sdk/fake_ops.c \
	plugins/sdk/fake_options.c plugins/sdk/fake_peer.c plugins/sdk/fake_private.h plugins/sdk/fake_time.c
tests_fuzz_fuzz_redis_SOURCES = \
	tests/fuzz/fuzz_redis.c $(FUZZ_SOURCES) $(FUZZ_FAKE_HOST) plugins/redis/info.c plugins/redis/info.h plugins/redis/redis.c
tests_fuzz_fuzz_redis_CFLAGS = $(AM_CFLAGS) $(HIREDIS_CFLAGS) $(PCRE2_CFLAGS)
tests_fuzz_fuzz_redis_LDFLAGS = $(FUZZ_LINK)
tests_fuzz_fuzz_redis_LDADD = $(HIREDIS_LIBS) $(PCRE2_LIBS) -lm
tests_fuzz_fuzz_kubernetes_SOURCES = \
	tests/fuzz/fuzz_kubernetes.c $(FUZZ_SOURCES) $(FUZZ_FAKE_HOST)
tests_fuzz_fuzz_kubernetes_CFLAGS = $(AM_CFLAGS) $(CJSON_CFLAGS) $(YAML_CFLAGS) $(PCRE2_CFLAGS)
tests_fuzz_fuzz_kubernetes_LDFLAGS = $(FUZZ_LINK)
tests_fuzz_fuzz_kubernetes_LDADD = plugins/kubernetes/libkubernetes.la $(CJSON_LIBS) $(YAML_LIBS) $(PCRE2_LIBS) -lm
tests_fuzz_fuzz_http_SOURCES = \
	tests/fuzz/fuzz_http.c $(FUZZ_SOURCES) $(FUZZ_FAKE_HOST)
tests_fuzz_fuzz_http_CFLAGS = $(AM_CFLAGS) $(CJSON_CFLAGS) $(PCRE2_CFLAGS)
tests_fuzz_fuzz_http_LDFLAGS = $(FUZZ_LINK)
tests_fuzz_fuzz_http_LDADD = plugins/http/libhttp.la $(CJSON_LIBS) $(PCRE2_LIBS) -lm
tests_fuzz_fuzz_docker_SOURCES = tests/fuzz/fuzz_docker.c $(FUZZ_SOURCES) $(FUZZ_FAKE_HOST)
tests_fuzz_fuzz_docker_CFLAGS = $(AM_CFLAGS) $(CJSON_CFLAGS) $(PCRE2_CFLAGS)
tests_fuzz_fuzz_docker_LDFLAGS = $(FUZZ_LINK)
tests_fuzz_fuzz_docker_LDADD = plugins/docker/libdocker.la $(CJSON_LIBS) $(PCRE2_LIBS) -lm
tests_fuzz_fuzz_talos_SOURCES = tests/fuzz/fuzz_talos.c $(FUZZ_SOURCES) $(FUZZ_FAKE_HOST)
tests_fuzz_fuzz_talos_CFLAGS = $(AM_CFLAGS) $(PCRE2_CFLAGS)
tests_fuzz_fuzz_talos_LDFLAGS = $(FUZZ_LINK)
tests_fuzz_fuzz_talos_LDADD = plugins/talos/libtalos.la $(YAML_LIBS) $(PCRE2_LIBS) -lm
tests_fuzz_fuzz_nfs_SOURCES = tests/fuzz/fuzz_nfs.c $(FUZZ_SOURCES) $(FUZZ_FAKE_HOST)
tests_fuzz_fuzz_nfs_CFLAGS = $(AM_CFLAGS) $(PCRE2_CFLAGS)
tests_fuzz_fuzz_nfs_LDFLAGS = $(FUZZ_LINK)
tests_fuzz_fuzz_nfs_LDADD = plugins/mount/libmount.la $(PCRE2_LIBS) -lm
tests_fuzz_fuzz_jsonrpc_SOURCES = tests/fuzz/fuzz_jsonrpc.c $(FUZZ_SOURCES) $(FUZZ_FAKE_HOST)
tests_fuzz_fuzz_jsonrpc_CFLAGS = $(AM_CFLAGS) $(CJSON_CFLAGS) $(PCRE2_CFLAGS)
tests_fuzz_fuzz_jsonrpc_LDFLAGS = $(FUZZ_LINK)
tests_fuzz_fuzz_jsonrpc_LDADD = plugins/imsg/libimsg.la $(CJSON_LIBS) $(PCRE2_LIBS) -lm
tests_fuzz_fuzz_answers_SOURCES = tests/fuzz/fuzz_answers.c $(FUZZ_SOURCES) $(FUZZ_FAKE_HOST)
tests_fuzz_fuzz_answers_CFLAGS = $(AM_CFLAGS) $(CJSON_CFLAGS) $(PCRE2_CFLAGS)
tests_fuzz_fuzz_answers_LDFLAGS = $(FUZZ_LINK)
tests_fuzz_fuzz_answers_LDADD = \
	plugins/colima/libcolima.la tests/fuzz/liblaunchd.a tests/fuzz/libnotify.a tests/fuzz/libtailscale.a plugins/kit/libjsonrpc.la plugins/kit/libjson.la \
	plugins/kit/libmoment.la plugins/kit/libtextfile.la $(CJSON_LIBS) $(PCRE2_LIBS) -lm

# Several plugins in one program: the descriptor of each gets a name of its own.
EXTRA_LIBRARIES = tests/fuzz/liblaunchd.a tests/fuzz/libnotify.a tests/fuzz/libtailscale.a
tests_fuzz_liblaunchd_a_SOURCES = $(plugins_launchd_liblaunchd_la_SOURCES)
tests_fuzz_liblaunchd_a_CFLAGS = $(AM_CFLAGS) -Dtalon_plugin_descriptor=launchd_descriptor
tests_fuzz_libnotify_a_SOURCES = $(plugins_notify_libnotify_la_SOURCES)
tests_fuzz_libnotify_a_CFLAGS = $(AM_CFLAGS) $(CJSON_CFLAGS) -Dtalon_plugin_descriptor=notify_descriptor
tests_fuzz_libtailscale_a_SOURCES = $(plugins_tailscale_libtailscale_la_SOURCES)
tests_fuzz_libtailscale_a_CFLAGS = $(AM_CFLAGS) $(CJSON_CFLAGS) -Dtalon_plugin_descriptor=tailscale_descriptor
tests_fuzz_fuzz_scenario_SOURCES = tests/fuzz/fuzz_scenario.c core/windows.c core/windows.h $(FUZZ_CONFIG_SOURCES)
tests_fuzz_fuzz_scenario_CFLAGS = $(FUZZ_CONFIG_CFLAGS)
tests_fuzz_fuzz_scenario_LDFLAGS = $(FUZZ_LINK)
tests_fuzz_fuzz_scenario_LDADD = core/rehearse/librehearse.a core/heal/libheal.a $(FUZZ_CONFIG_LIBS)
tests_fuzz_fuzz_heal_SOURCES = tests/fuzz/fuzz_heal.c $(FUZZ_SOURCES)
tests_fuzz_fuzz_heal_LDFLAGS = $(FUZZ_LINK)
tests_fuzz_fuzz_heal_LDADD = tests/sim/libhealworld.a core/memory/libmemory.a core/heal/libheal.a core/engine/libengine.a core/base/libbase.a -lm
