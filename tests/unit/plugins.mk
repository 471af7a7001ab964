# tests/unit/plugins.mk: the shipped plugins on the fake host, each compiled into its own test, and the fake host itself.
FAKE_HOST_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
FAKE_HOST_LIBS = libtalon-fake-host.la $(CMOCKA_LIBS) -lm
PLUGIN_TESTS = \
	tests/unit/test_fake_host tests/unit/test_fake_host_peers tests/unit/test_plugin_disk tests/unit/test_plugin_exec tests/unit/test_kit_moment \
	tests/unit/test_plugin_colima tests/unit/test_plugin_colima_inside tests/unit/test_plugin_docker tests/unit/test_plugin_grpc tests/unit/test_plugin_talos \
	tests/unit/test_plugin_talos_services tests/unit/test_plugin_file tests/unit/test_plugin_http tests/unit/test_plugin_http_json \
	tests/unit/test_plugin_http_options tests/unit/test_plugin_load tests/unit/test_plugin_memory tests/unit/test_plugin_process \
	tests/unit/test_plugin_redis tests/unit/test_launchctl tests/unit/test_plugin_tcp tests/unit/test_process_system \
	tests/unit/test_plugin_caddy tests/unit/test_plugin_gateway tests/unit/test_plugin_imsg tests/unit/test_plugin_launchd \
	tests/unit/test_plugin_log tests/unit/test_plugin_mount tests/unit/test_plugin_mount_nfs tests/unit/test_plugin_secrets \
	tests/unit/test_plugin_systemd tests/unit/test_plugin_tailscale tests/unit/test_plugin_kubernetes tests/unit/test_plugin_kubernetes_config \
	tests/unit/test_plugin_kubernetes_lists tests/unit/test_plugin_kubernetes_pods tests/unit/test_plugin_kubernetes_proxy tests/unit/test_plugin_clock \
	tests/unit/test_plugin_inngest tests/unit/test_plugin_push tests/unit/test_plugin_notify tests/unit/test_plugin_colima_action \
	tests/unit/test_plugin_process_signal tests/unit/test_plugin_notify_sent tests/unit/test_plugin_notify_email tests/unit/test_plugin_systemd_restart \
	tests/unit/test_plugin_docker_actions tests/unit/test_plugin_launchd_actions tests/unit/test_plugin_kubernetes_actions
check_PROGRAMS += $(PLUGIN_TESTS)
TESTS += $(PLUGIN_TESTS) tests/unit/header_alone.sh tests/unit/test_abi_layout
dist_noinst_SCRIPTS += tests/unit/header_alone.sh
check_PROGRAMS += tests/unit/test_abi_layout
tests_unit_test_abi_layout_SOURCES = tests/unit/test_abi_layout.c
EXTRA_DIST += tests/unit/abi/layout-0.1.txt

FAKE_HOST_TEST_SOURCES = tests/unit/fake_host_plugin.c tests/unit/fake_host_plugin.h tests/unit/plugin_test.h
tests_unit_test_fake_host_SOURCES = tests/unit/test_fake_host.c $(FAKE_HOST_TEST_SOURCES)
tests_unit_test_fake_host_CFLAGS = $(FAKE_HOST_CFLAGS)
tests_unit_test_fake_host_LDADD = $(FAKE_HOST_LIBS)
tests_unit_test_fake_host_peers_SOURCES = tests/unit/test_fake_host_peers.c $(FAKE_HOST_TEST_SOURCES)
tests_unit_test_fake_host_peers_CFLAGS = $(FAKE_HOST_CFLAGS)
tests_unit_test_fake_host_peers_LDADD = $(FAKE_HOST_LIBS)
tests_unit_test_plugin_caddy_SOURCES = tests/unit/test_plugin_caddy.c tests/unit/plugin_test.h
tests_unit_test_plugin_caddy_CFLAGS = $(FAKE_HOST_CFLAGS) $(CJSON_CFLAGS)
tests_unit_test_plugin_caddy_LDADD = plugins/caddy/libcaddy.la $(FAKE_HOST_LIBS) $(CJSON_LIBS) -lm
tests_unit_test_plugin_disk_SOURCES = \
	tests/unit/test_plugin_disk.c tests/unit/plugin_test.h plugins/disk/disk.c plugins/disk/disk.h
tests_unit_test_plugin_disk_CFLAGS = $(FAKE_HOST_CFLAGS)
tests_unit_test_plugin_disk_LDADD = $(FAKE_HOST_LIBS)
tests_unit_test_kit_moment_SOURCES = tests/unit/test_kit_moment.c tests/unit/plugin_test.h
tests_unit_test_kit_moment_CFLAGS = $(FAKE_HOST_CFLAGS)
tests_unit_test_kit_moment_LDADD = plugins/kit/libmoment.la $(FAKE_HOST_LIBS)
tests_unit_test_plugin_clock_SOURCES = \
	tests/unit/test_plugin_clock.c tests/unit/plugin_test.h plugins/clock/clock.c plugins/clock/clock.h
tests_unit_test_plugin_clock_CFLAGS = $(FAKE_HOST_CFLAGS)
tests_unit_test_plugin_clock_LDADD = $(FAKE_HOST_LIBS)
tests_unit_test_plugin_push_SOURCES = tests/unit/test_plugin_push.c tests/unit/plugin_test.h
tests_unit_test_plugin_push_CFLAGS = $(FAKE_HOST_CFLAGS)
tests_unit_test_plugin_push_LDADD = plugins/push/libpush.la $(FAKE_HOST_LIBS) $(CJSON_LIBS)
tests_unit_test_plugin_process_signal_SOURCES = \
	tests/unit/test_plugin_process_signal.c tests/unit/plugin_test.h tests/unit/temp_folder.c tests/unit/temp_folder.h \
	plugins/process/address.c plugins/process/listener.c plugins/process/process.c plugins/process/process.h plugins/process/signal.c plugins/process/signal_action.h
tests_unit_test_plugin_process_signal_CFLAGS = $(FAKE_HOST_CFLAGS)
tests_unit_test_plugin_process_signal_LDADD = $(FAKE_HOST_LIBS)
tests_unit_test_plugin_colima_action_SOURCES = tests/unit/test_plugin_colima_action.c tests/unit/plugin_test.h
tests_unit_test_plugin_colima_action_CFLAGS = $(FAKE_HOST_CFLAGS)
tests_unit_test_plugin_colima_action_LDADD = plugins/colima/libcolima.la $(FAKE_HOST_LIBS) $(CJSON_LIBS)
tests_unit_test_plugin_notify_SOURCES = tests/unit/test_plugin_notify.c tests/unit/plugin_notify_test.h tests/unit/plugin_test.h
tests_unit_test_plugin_notify_CFLAGS = $(FAKE_HOST_CFLAGS) $(CJSON_CFLAGS)
tests_unit_test_plugin_notify_LDADD = plugins/notify/libnotify.la $(FAKE_HOST_LIBS) $(CJSON_LIBS) -lm
tests_unit_test_plugin_notify_email_SOURCES = tests/unit/test_plugin_notify_email.c tests/unit/plugin_notify_test.h tests/unit/plugin_test.h
tests_unit_test_plugin_notify_email_CFLAGS = $(FAKE_HOST_CFLAGS) $(CJSON_CFLAGS)
tests_unit_test_plugin_notify_email_LDADD = plugins/notify/libnotify.la $(FAKE_HOST_LIBS) $(CJSON_LIBS) -lm
tests_unit_test_plugin_notify_sent_SOURCES = tests/unit/test_plugin_notify_sent.c tests/unit/plugin_notify_test.h tests/unit/plugin_test.h
tests_unit_test_plugin_notify_sent_CFLAGS = $(FAKE_HOST_CFLAGS) $(CJSON_CFLAGS)
tests_unit_test_plugin_notify_sent_LDADD = plugins/notify/libnotify.la $(FAKE_HOST_LIBS) $(CJSON_LIBS) -lm
tests_unit_test_plugin_inngest_SOURCES = tests/unit/test_plugin_inngest.c tests/unit/plugin_test.h
tests_unit_test_plugin_inngest_CFLAGS = $(FAKE_HOST_CFLAGS)
tests_unit_test_plugin_inngest_LDADD = plugins/inngest/libinngest.la $(FAKE_HOST_LIBS) $(CJSON_LIBS)
tests_unit_test_plugin_colima_SOURCES = \
	tests/unit/test_plugin_colima.c tests/unit/plugin_test.h tests/unit/temp_folder.c tests/unit/temp_folder.h
tests_unit_test_plugin_colima_CFLAGS = $(FAKE_HOST_CFLAGS)
tests_unit_test_plugin_colima_LDADD = plugins/colima/libcolima.la $(FAKE_HOST_LIBS) $(CJSON_LIBS)
tests_unit_test_plugin_colima_inside_SOURCES = \
	tests/unit/test_plugin_colima_inside.c tests/unit/plugin_test.h tests/unit/temp_folder.c tests/unit/temp_folder.h
tests_unit_test_plugin_colima_inside_CFLAGS = $(FAKE_HOST_CFLAGS)
tests_unit_test_plugin_colima_inside_LDADD = plugins/colima/libcolima.la $(FAKE_HOST_LIBS) $(CJSON_LIBS)
tests_unit_test_plugin_docker_SOURCES = tests/unit/test_plugin_docker.c tests/unit/plugin_test.h
tests_unit_test_plugin_docker_CFLAGS = $(FAKE_HOST_CFLAGS)
tests_unit_test_plugin_docker_LDADD = plugins/docker/libdocker.la $(FAKE_HOST_LIBS) $(CJSON_LIBS)
tests_unit_test_plugin_docker_actions_SOURCES = tests/unit/test_plugin_docker_actions.c tests/unit/plugin_test.h
tests_unit_test_plugin_docker_actions_CFLAGS = $(FAKE_HOST_CFLAGS)
tests_unit_test_plugin_docker_actions_LDADD = plugins/docker/libdocker.la $(FAKE_HOST_LIBS) $(CJSON_LIBS)
tests_unit_test_plugin_grpc_SOURCES = tests/unit/test_plugin_grpc.c tests/unit/plugin_test.h
tests_unit_test_plugin_grpc_CFLAGS = $(FAKE_HOST_CFLAGS)
tests_unit_test_plugin_grpc_LDADD = plugins/grpc/libgrpchealth.la $(FAKE_HOST_LIBS)
tests_unit_test_plugin_exec_SOURCES = \
	tests/unit/test_plugin_exec.c tests/unit/plugin_test.h \
	plugins/exec/exec.c plugins/exec/exec.h plugins/exec/nagios.c plugins/exec/perfdata.c plugins/exec/perfdata.h
tests_unit_test_plugin_exec_CFLAGS = $(FAKE_HOST_CFLAGS)
tests_unit_test_plugin_exec_LDADD = $(FAKE_HOST_LIBS)
tests_unit_test_plugin_file_SOURCES = \
	tests/unit/test_plugin_file.c tests/unit/plugin_test.h plugins/file/file.c plugins/file/file.h
tests_unit_test_plugin_file_CFLAGS = $(FAKE_HOST_CFLAGS)
tests_unit_test_plugin_file_LDADD = $(FAKE_HOST_LIBS)
tests_unit_test_plugin_gateway_SOURCES = \
	tests/unit/test_plugin_gateway.c tests/unit/plugin_test.h tests/unit/temp_folder.c tests/unit/temp_folder.h
tests_unit_test_plugin_gateway_CFLAGS = $(FAKE_HOST_CFLAGS) $(CJSON_CFLAGS)
tests_unit_test_plugin_gateway_LDADD = plugins/gateway/libgateway.la $(FAKE_HOST_LIBS) $(CJSON_LIBS) -lm
HTTP_TEST_SOURCES = tests/unit/plugin_http_test.h tests/unit/plugin_test.h
HTTP_TEST_CFLAGS = $(FAKE_HOST_CFLAGS) $(CJSON_CFLAGS) $(PCRE2_CFLAGS)
HTTP_TEST_LIBS = plugins/http/libhttp.la $(FAKE_HOST_LIBS) $(CJSON_LIBS) $(PCRE2_LIBS)
tests_unit_test_plugin_http_SOURCES = tests/unit/test_plugin_http.c $(HTTP_TEST_SOURCES)
tests_unit_test_plugin_http_CFLAGS = $(HTTP_TEST_CFLAGS)
tests_unit_test_plugin_http_LDADD = $(HTTP_TEST_LIBS)
tests_unit_test_plugin_http_json_SOURCES = tests/unit/test_plugin_http_json.c $(HTTP_TEST_SOURCES)
tests_unit_test_plugin_http_json_CFLAGS = $(HTTP_TEST_CFLAGS)
tests_unit_test_plugin_http_json_LDADD = $(HTTP_TEST_LIBS)
tests_unit_test_plugin_http_options_SOURCES = tests/unit/test_plugin_http_options.c $(HTTP_TEST_SOURCES)
tests_unit_test_plugin_http_options_CFLAGS = $(HTTP_TEST_CFLAGS)
tests_unit_test_plugin_http_options_LDADD = $(HTTP_TEST_LIBS)
tests_unit_test_plugin_launchd_SOURCES = tests/unit/test_plugin_launchd.c tests/unit/plugin_test.h
tests_unit_test_plugin_launchd_CFLAGS = $(FAKE_HOST_CFLAGS)
tests_unit_test_plugin_launchd_LDADD = plugins/launchd/liblaunchd.la $(FAKE_HOST_LIBS)
tests_unit_test_plugin_launchd_actions_SOURCES = tests/unit/test_plugin_launchd_actions.c tests/unit/plugin_test.h
tests_unit_test_plugin_launchd_actions_CFLAGS = $(FAKE_HOST_CFLAGS)
tests_unit_test_plugin_launchd_actions_LDADD = plugins/launchd/liblaunchd.la $(FAKE_HOST_LIBS)
tests_unit_test_plugin_imsg_SOURCES = tests/unit/test_plugin_imsg.c tests/unit/plugin_test.h
tests_unit_test_plugin_imsg_CFLAGS = $(FAKE_HOST_CFLAGS) $(CJSON_CFLAGS)
tests_unit_test_plugin_imsg_LDADD = plugins/imsg/libimsg.la $(FAKE_HOST_LIBS) $(CJSON_LIBS) -lm
KUBERNETES_TEST_SOURCES = tests/unit/plugin_kubernetes_test.h tests/unit/plugin_test.h
KUBERNETES_TEST_CFLAGS = $(FAKE_HOST_CFLAGS) $(CJSON_CFLAGS) $(YAML_CFLAGS)
KUBERNETES_TEST_LIBS = plugins/kubernetes/libkubernetes.la $(FAKE_HOST_LIBS) $(CJSON_LIBS) $(YAML_LIBS) $(PCRE2_LIBS)
tests_unit_test_plugin_kubernetes_SOURCES = tests/unit/test_plugin_kubernetes.c $(KUBERNETES_TEST_SOURCES)
tests_unit_test_plugin_kubernetes_CFLAGS = $(KUBERNETES_TEST_CFLAGS)
tests_unit_test_plugin_kubernetes_LDADD = $(KUBERNETES_TEST_LIBS)
tests_unit_test_plugin_kubernetes_actions_SOURCES = tests/unit/test_plugin_kubernetes_actions.c $(KUBERNETES_TEST_SOURCES)
tests_unit_test_plugin_kubernetes_actions_CFLAGS = $(KUBERNETES_TEST_CFLAGS)
tests_unit_test_plugin_kubernetes_actions_LDADD = $(KUBERNETES_TEST_LIBS)
tests_unit_test_plugin_kubernetes_config_SOURCES = tests/unit/test_plugin_kubernetes_config.c $(KUBERNETES_TEST_SOURCES)
tests_unit_test_plugin_kubernetes_config_CFLAGS = $(KUBERNETES_TEST_CFLAGS)
tests_unit_test_plugin_kubernetes_config_LDADD = $(KUBERNETES_TEST_LIBS)
tests_unit_test_plugin_kubernetes_lists_SOURCES = tests/unit/test_plugin_kubernetes_lists.c $(KUBERNETES_TEST_SOURCES)
tests_unit_test_plugin_kubernetes_lists_CFLAGS = $(KUBERNETES_TEST_CFLAGS)
tests_unit_test_plugin_kubernetes_lists_LDADD = $(KUBERNETES_TEST_LIBS)
tests_unit_test_plugin_kubernetes_pods_SOURCES = tests/unit/test_plugin_kubernetes_pods.c $(KUBERNETES_TEST_SOURCES)
tests_unit_test_plugin_kubernetes_pods_CFLAGS = $(KUBERNETES_TEST_CFLAGS)
tests_unit_test_plugin_kubernetes_pods_LDADD = $(KUBERNETES_TEST_LIBS)
tests_unit_test_plugin_kubernetes_proxy_SOURCES = tests/unit/test_plugin_kubernetes_proxy.c $(KUBERNETES_TEST_SOURCES)
tests_unit_test_plugin_kubernetes_proxy_CFLAGS = $(KUBERNETES_TEST_CFLAGS)
tests_unit_test_plugin_kubernetes_proxy_LDADD = $(KUBERNETES_TEST_LIBS)
tests_unit_test_plugin_load_SOURCES = tests/unit/test_plugin_load.c tests/unit/plugin_test.h plugins/load.c
tests_unit_test_plugin_load_CFLAGS = $(FAKE_HOST_CFLAGS)
tests_unit_test_plugin_load_LDADD = $(FAKE_HOST_LIBS)
tests_unit_test_launchctl_SOURCES = tests/unit/test_launchctl.c plugins/launchd/launchctl.c plugins/launchd/launchctl.h
tests_unit_test_launchctl_CFLAGS = $(FAKE_HOST_CFLAGS)
tests_unit_test_launchctl_LDADD = $(CMOCKA_LIBS)
tests_unit_test_plugin_memory_SOURCES = \
	tests/unit/test_plugin_memory.c tests/unit/plugin_test.h plugins/memory/memory.c plugins/memory/memory.h \
	plugins/memory/memory_linux.h
tests_unit_test_plugin_memory_CFLAGS = $(FAKE_HOST_CFLAGS)
tests_unit_test_plugin_memory_LDADD = $(FAKE_HOST_LIBS)
tests_unit_test_plugin_process_SOURCES = \
	tests/unit/test_plugin_process.c tests/unit/plugin_test.h \
	plugins/process/address.c plugins/process/listener.c plugins/process/process.c plugins/process/process.h plugins/process/signal.c plugins/process/signal_action.h
tests_unit_test_plugin_process_CFLAGS = $(FAKE_HOST_CFLAGS)
tests_unit_test_plugin_process_LDADD = $(FAKE_HOST_LIBS)
tests_unit_test_plugin_redis_SOURCES = \
	tests/unit/test_plugin_redis.c tests/unit/plugin_test.h plugins/redis/info.c plugins/redis/info.h plugins/redis/redis.c
tests_unit_test_plugin_redis_CFLAGS = $(FAKE_HOST_CFLAGS) $(HIREDIS_CFLAGS)
tests_unit_test_plugin_redis_LDADD = $(FAKE_HOST_LIBS) $(HIREDIS_LIBS)
TALOS_TEST_SOURCES = \
	tests/unit/talos_support.c tests/unit/talos_support.h tests/unit/plugin_test.h tests/unit/temp_folder.c tests/unit/temp_folder.h
TALOS_TEST_LIBS = plugins/talos/libtalos.la $(FAKE_HOST_LIBS) $(YAML_LIBS)
tests_unit_test_plugin_talos_SOURCES = tests/unit/test_plugin_talos.c $(TALOS_TEST_SOURCES)
tests_unit_test_plugin_talos_CFLAGS = $(FAKE_HOST_CFLAGS)
tests_unit_test_plugin_talos_LDADD = $(TALOS_TEST_LIBS)
tests_unit_test_plugin_talos_services_SOURCES = tests/unit/test_plugin_talos_services.c $(TALOS_TEST_SOURCES)
tests_unit_test_plugin_talos_services_CFLAGS = $(FAKE_HOST_CFLAGS)
tests_unit_test_plugin_talos_services_LDADD = $(TALOS_TEST_LIBS)
tests_unit_test_plugin_systemd_SOURCES = tests/unit/test_plugin_systemd.c tests/unit/plugin_test.h
tests_unit_test_plugin_systemd_CFLAGS = $(FAKE_HOST_CFLAGS)
tests_unit_test_plugin_systemd_LDADD = plugins/systemd/libsystemd.la $(FAKE_HOST_LIBS)
tests_unit_test_plugin_systemd_restart_SOURCES = tests/unit/test_plugin_systemd_restart.c tests/unit/plugin_test.h
tests_unit_test_plugin_systemd_restart_CFLAGS = $(FAKE_HOST_CFLAGS)
tests_unit_test_plugin_systemd_restart_LDADD = plugins/systemd/libsystemd.la $(FAKE_HOST_LIBS)
tests_unit_test_plugin_mount_SOURCES = \
	tests/unit/test_plugin_mount.c tests/unit/plugin_test.h tests/unit/temp_folder.c tests/unit/temp_folder.h
tests_unit_test_plugin_mount_CFLAGS = $(FAKE_HOST_CFLAGS)
tests_unit_test_plugin_mount_LDADD = plugins/mount/libmount.la $(FAKE_HOST_LIBS)
tests_unit_test_plugin_mount_nfs_SOURCES = tests/unit/test_plugin_mount_nfs.c tests/unit/plugin_test.h
tests_unit_test_plugin_mount_nfs_CFLAGS = $(FAKE_HOST_CFLAGS)
tests_unit_test_plugin_mount_nfs_LDADD = plugins/mount/libmount.la $(FAKE_HOST_LIBS)
tests_unit_test_plugin_log_SOURCES = \
	tests/unit/test_plugin_log.c tests/unit/plugin_test.h tests/unit/temp_folder.c tests/unit/temp_folder.h
tests_unit_test_plugin_log_CFLAGS = $(FAKE_HOST_CFLAGS)
tests_unit_test_plugin_log_LDADD = plugins/log/liblog.la $(FAKE_HOST_LIBS)
tests_unit_test_plugin_secrets_SOURCES = tests/unit/test_plugin_secrets.c tests/unit/plugin_test.h
tests_unit_test_plugin_secrets_CFLAGS = $(FAKE_HOST_CFLAGS) $(CJSON_CFLAGS)
tests_unit_test_plugin_secrets_LDADD = plugins/secrets/libsecrets.la $(FAKE_HOST_LIBS) $(CJSON_LIBS) -lm
tests_unit_test_plugin_tailscale_SOURCES = \
	tests/unit/test_plugin_tailscale.c tests/unit/plugin_test.h tests/unit/temp_folder.c tests/unit/temp_folder.h
tests_unit_test_plugin_tailscale_CFLAGS = $(FAKE_HOST_CFLAGS) $(CJSON_CFLAGS)
tests_unit_test_plugin_tailscale_LDADD = plugins/tailscale/libtailscale.la $(FAKE_HOST_LIBS) $(CJSON_LIBS) -lm
tests_unit_test_plugin_tcp_SOURCES = tests/unit/test_plugin_tcp.c tests/unit/plugin_test.h plugins/tcp.c
tests_unit_test_plugin_tcp_CFLAGS = $(FAKE_HOST_CFLAGS)
tests_unit_test_plugin_tcp_LDADD = $(FAKE_HOST_LIBS)
tests_unit_test_process_system_SOURCES = \
	tests/unit/test_process_system.c tests/unit/plugin_test.h plugins/process/address.c plugins/process/process.h
tests_unit_test_process_system_CFLAGS = $(FAKE_HOST_CFLAGS)
tests_unit_test_process_system_LDADD = $(FAKE_HOST_LIBS)
if DARWIN
tests_unit_test_plugin_file_SOURCES += plugins/file/file_darwin.c
tests_unit_test_process_system_SOURCES += plugins/process/process_darwin.c
else
tests_unit_test_plugin_file_SOURCES += plugins/file/file_linux.c
tests_unit_test_process_system_SOURCES += plugins/process/process_linux.c
endif

# The command line: options and tables; what `talon init` writes, and how it finds out what is there.
CLI_TESTS = tests/unit/test_cli tests/unit/test_discover tests/unit/test_init tests/unit/test_toml
check_PROGRAMS += $(CLI_TESTS)
TESTS += $(CLI_TESTS)
tests_unit_test_cli_SOURCES = \
	tests/unit/test_cli.c core/model.c core/cli/check_show.c core/cli/check_show.h core/cli/cli.h core/cli/options.c \
	core/cli/output.c core/cli/shot.h core/cli/shot_judge.c
tests_unit_test_cli_LDADD = core/base/os/libos.a core/base/libbase.a $(CMOCKA_LIBS) $(CJSON_LIBS) $(EV_LIBS) -lm
tests_unit_test_toml_SOURCES = tests/unit/test_toml.c core/cli/toml.c core/cli/toml.h
tests_unit_test_toml_LDADD = core/base/libbase.a $(CMOCKA_LIBS)
tests_unit_test_init_SOURCES = \
	tests/unit/test_init.c core/model.c core/cli/init.h core/cli/init_names.c core/cli/init_names.h core/cli/init_write.c
tests_unit_test_init_LDADD = \
	tests/unit/libconfig_support.a core/config/libconfig.a core/base/os/libos.a core/base/libbase.a \
	$(CMOCKA_LIBS) $(CJSON_LIBS) $(YAML_LIBS) $(PCRE2_LIBS) $(EV_LIBS) -lm
tests_unit_test_discover_SOURCES = \
	tests/unit/test_discover.c core/cli/discover.c core/cli/discover.h core/cli/discover_kube.c \
	core/cli/discover_tls.c core/cli/discover_tls.h
tests_unit_test_discover_LDADD = core/base/os/libos.a core/base/libbase.a $(CMOCKA_LIBS) $(YAML_LIBS) $(EV_LIBS) -lm
if DARWIN
tests_unit_test_discover_SOURCES += core/cli/discover_darwin.c
else
tests_unit_test_discover_SOURCES += core/cli/discover_linux.c
endif
