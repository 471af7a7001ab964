# The shipped plugins: each knows talon/plugin.h, the kit and its own libraries, nothing else of Talon. What a plugin is made of is compiled once, into a
# convenience library that its tests link as well.
PLUGIN_LDFLAGS = $(AM_LDFLAGS) -module -avoid-version -shared $(PLUGIN_NO_UNDEFINED)
plugin_LTLIBRARIES += \
	plugins/colima.la plugins/disk.la plugins/docker.la plugins/exec.la plugins/file.la plugins/grpc.la plugins/http.la plugins/load.la \
	plugins/memory.la plugins/process.la plugins/redis.la plugins/talos.la plugins/tcp.la plugins/caddy.la plugins/gateway.la plugins/imsg.la \
	plugins/launchd.la plugins/log.la plugins/mount.la plugins/secrets.la plugins/systemd.la plugins/tailscale.la plugins/kubernetes.la \
	plugins/clock.la plugins/inngest.la plugins/push.la plugins/notify.la

noinst_LTLIBRARIES += plugins/kit/libjson.la plugins/kit/libyaml.la
plugins_kit_libjson_la_SOURCES = plugins/kit/json.c plugins/kit/json.h
plugins_kit_libjson_la_CFLAGS = $(AM_CFLAGS) $(CJSON_CFLAGS)
plugins_kit_libyaml_la_SOURCES = plugins/kit/yaml.c plugins/kit/yaml.h
plugins_kit_libyaml_la_CFLAGS = $(AM_CFLAGS) $(CJSON_CFLAGS) $(YAML_CFLAGS)

noinst_LTLIBRARIES += plugins/kit/libexpect.la
plugins_kit_libexpect_la_SOURCES = plugins/kit/expect.c plugins/kit/expect.h plugins/kit/expect_header.c plugins/kit/expect_json.c
plugins_kit_libexpect_la_CFLAGS = $(AM_CFLAGS) $(CJSON_CFLAGS) $(PCRE2_CFLAGS)

noinst_LTLIBRARIES += plugins/kit/libjsonrpc.la
plugins_kit_libjsonrpc_la_SOURCES = plugins/kit/jsonrpc.c plugins/kit/jsonrpc.h
plugins_kit_libjsonrpc_la_CFLAGS = $(AM_CFLAGS) $(CJSON_CFLAGS)

noinst_LTLIBRARIES += plugins/kit/libmoment.la
plugins_kit_libmoment_la_SOURCES = plugins/kit/moment.c plugins/kit/moment.h
plugins_kit_libmoment_la_CFLAGS = $(AM_CFLAGS)

# What it has of core/base comes with it.
noinst_LTLIBRARIES += plugins/kit/libschedule.la
plugins_kit_libschedule_la_SOURCES = \
	plugins/kit/schedule.c plugins/kit/schedule.h core/base/calendar.c core/base/zone.c core/base/os/zones.c
plugins_kit_libschedule_la_CFLAGS = $(AM_CFLAGS)
plugins_kit_libschedule_la_LIBADD = core/base/libmodule.la

noinst_LTLIBRARIES += plugins/kit/libtextfile.la
plugins_kit_libtextfile_la_SOURCES = plugins/kit/text_file.c plugins/kit/text_file.h
plugins_kit_libtextfile_la_CFLAGS = $(AM_CFLAGS)

noinst_LTLIBRARIES += plugins/colima/libcolima.la
plugins_colima_libcolima_la_SOURCES = \
	plugins/colima/action.c plugins/colima/colima.c plugins/colima/colima.h plugins/colima/forwarder.c plugins/colima/forwarder.h \
	plugins/colima/inside.c plugins/colima/lima.c plugins/colima/usernet.c plugins/colima/witness.c plugins/colima/witness.h
plugins_colima_libcolima_la_CFLAGS = $(AM_CFLAGS) $(CJSON_CFLAGS)
plugins_colima_libcolima_la_LIBADD = plugins/kit/libjson.la plugins/kit/libmoment.la plugins/kit/libtextfile.la
plugins_colima_la_SOURCES =
plugins_colima_la_LDFLAGS = $(PLUGIN_LDFLAGS)
plugins_colima_la_LIBADD = plugins/colima/libcolima.la $(CJSON_LIBS)
noinst_LTLIBRARIES += plugins/caddy/libcaddy.la
plugins_caddy_libcaddy_la_SOURCES = plugins/caddy/caddy.c plugins/caddy/caddy.h plugins/caddy/config.c plugins/caddy/route.c
plugins_caddy_libcaddy_la_CFLAGS = $(AM_CFLAGS) $(CJSON_CFLAGS)
plugins_caddy_libcaddy_la_LIBADD = plugins/kit/libjson.la
plugins_caddy_la_SOURCES =
plugins_caddy_la_LDFLAGS = $(PLUGIN_LDFLAGS)
plugins_caddy_la_LIBADD = plugins/caddy/libcaddy.la $(CJSON_LIBS) -lm
plugins_disk_la_SOURCES = plugins/disk/disk.c plugins/disk/disk.h
plugins_disk_la_LDFLAGS = $(PLUGIN_LDFLAGS)
noinst_LTLIBRARIES += plugins/docker/libdocker.la
plugins_docker_libdocker_la_SOURCES = \
	plugins/docker/act.c plugins/docker/act.h plugins/docker/container.c plugins/docker/docker.c plugins/docker/docker.h plugins/docker/engine.c \
	plugins/docker/events.c plugins/docker/judge.c plugins/docker/stopped.c plugins/docker/update.c
plugins_docker_libdocker_la_CFLAGS = $(AM_CFLAGS) $(CJSON_CFLAGS)
plugins_docker_libdocker_la_LIBADD = plugins/kit/libjson.la plugins/kit/libmoment.la
plugins_docker_la_SOURCES =
plugins_docker_la_LDFLAGS = $(PLUGIN_LDFLAGS)
plugins_docker_la_LIBADD = plugins/docker/libdocker.la $(CJSON_LIBS) -lm
plugins_exec_la_SOURCES = plugins/exec/exec.c plugins/exec/exec.h plugins/exec/nagios.c plugins/exec/perfdata.c plugins/exec/perfdata.h
plugins_exec_la_LDFLAGS = $(PLUGIN_LDFLAGS)
plugins_exec_la_LIBADD = -lm
plugins_file_la_SOURCES = plugins/file/file.c plugins/file/file.h
plugins_file_la_LDFLAGS = $(PLUGIN_LDFLAGS)
noinst_LTLIBRARIES += plugins/kit/libgrpc.la
plugins_kit_libgrpc_la_SOURCES = plugins/kit/grpc.c plugins/kit/grpc.h plugins/kit/protobuf.c plugins/kit/protobuf.h
plugins_kit_libgrpc_la_CFLAGS = $(AM_CFLAGS)
noinst_LTLIBRARIES += plugins/grpc/libgrpchealth.la
plugins_grpc_libgrpchealth_la_SOURCES = plugins/grpc/health.c
plugins_grpc_libgrpchealth_la_CFLAGS = $(AM_CFLAGS)
plugins_grpc_libgrpchealth_la_LIBADD = plugins/kit/libgrpc.la
plugins_grpc_la_SOURCES =
plugins_grpc_la_LDFLAGS = $(PLUGIN_LDFLAGS)
plugins_grpc_la_LIBADD = plugins/grpc/libgrpchealth.la
noinst_LTLIBRARIES += plugins/gateway/libgateway.la
plugins_gateway_libgateway_la_SOURCES = plugins/gateway/gateway.c plugins/gateway/gateway.h plugins/gateway/health.c plugins/gateway/heartbeat.c
plugins_gateway_libgateway_la_CFLAGS = $(AM_CFLAGS) $(CJSON_CFLAGS)
plugins_gateway_libgateway_la_LIBADD = plugins/kit/libjson.la plugins/kit/libtextfile.la
plugins_gateway_la_SOURCES =
plugins_gateway_la_LDFLAGS = $(PLUGIN_LDFLAGS)
plugins_gateway_la_LIBADD = plugins/gateway/libgateway.la $(CJSON_LIBS) -lm
noinst_LTLIBRARIES += plugins/http/libhttp.la
plugins_http_libhttp_la_SOURCES = \
	plugins/http/http.c plugins/http/http.h plugins/http/judge.c plugins/http/options.c
plugins_http_libhttp_la_CFLAGS = $(AM_CFLAGS) $(CJSON_CFLAGS) $(PCRE2_CFLAGS)
plugins_http_libhttp_la_LIBADD = plugins/kit/libexpect.la plugins/kit/libjson.la
plugins_http_la_SOURCES =
plugins_http_la_LDFLAGS = $(PLUGIN_LDFLAGS)
plugins_http_la_LIBADD = plugins/http/libhttp.la $(CJSON_LIBS) $(PCRE2_LIBS) -lm
noinst_LTLIBRARIES += plugins/launchd/liblaunchd.la
plugins_launchd_liblaunchd_la_SOURCES = \
	plugins/launchd/act.c plugins/launchd/domain.c plugins/launchd/judge.c plugins/launchd/launchctl.c plugins/launchd/launchctl.h plugins/launchd/launchd.c plugins/launchd/launchd.h
plugins_launchd_liblaunchd_la_CFLAGS = $(AM_CFLAGS)
plugins_launchd_la_SOURCES =
plugins_launchd_la_LDFLAGS = $(PLUGIN_LDFLAGS)
plugins_launchd_la_LIBADD = plugins/launchd/liblaunchd.la
noinst_LTLIBRARIES += plugins/imsg/libimsg.la
plugins_imsg_libimsg_la_SOURCES = plugins/imsg/imsg.c
plugins_imsg_libimsg_la_CFLAGS = $(AM_CFLAGS) $(CJSON_CFLAGS)
plugins_imsg_libimsg_la_LIBADD = plugins/kit/libjson.la plugins/kit/libjsonrpc.la
plugins_imsg_la_SOURCES =
plugins_imsg_la_LDFLAGS = $(PLUGIN_LDFLAGS)
plugins_imsg_la_LIBADD = plugins/imsg/libimsg.la $(CJSON_LIBS) -lm
noinst_LTLIBRARIES += plugins/inngest/libinngest.la
plugins_inngest_libinngest_la_SOURCES = plugins/inngest/inngest.c
plugins_inngest_libinngest_la_CFLAGS = $(AM_CFLAGS) $(CJSON_CFLAGS)
plugins_inngest_libinngest_la_LIBADD = plugins/kit/libjson.la
plugins_inngest_la_SOURCES =
plugins_inngest_la_LDFLAGS = $(PLUGIN_LDFLAGS)
plugins_inngest_la_LIBADD = plugins/inngest/libinngest.la $(CJSON_LIBS)
noinst_LTLIBRARIES += plugins/notify/libnotify.la
plugins_notify_libnotify_la_SOURCES = \
	plugins/notify/alertmanager.c plugins/notify/email.c plugins/notify/email.h plugins/notify/email_letter.c plugins/notify/email_reply.c \
	plugins/notify/email_talk.c plugins/notify/imessage.c plugins/notify/notify.c plugins/notify/notify.h plugins/notify/outcome.c \
	plugins/notify/secret.c plugins/notify/slack.c plugins/notify/telegram.c plugins/notify/text.c plugins/notify/webhook.c
plugins_notify_libnotify_la_CFLAGS = $(AM_CFLAGS) $(CJSON_CFLAGS)
plugins_notify_libnotify_la_LIBADD = plugins/kit/libjson.la plugins/kit/libjsonrpc.la plugins/kit/libmoment.la
plugins_notify_la_SOURCES =
plugins_notify_la_LDFLAGS = $(PLUGIN_LDFLAGS)
plugins_notify_la_LIBADD = plugins/notify/libnotify.la $(CJSON_LIBS) -lm
noinst_LTLIBRARIES += plugins/push/libpush.la
plugins_push_libpush_la_SOURCES = plugins/push/push.c
plugins_push_libpush_la_CFLAGS = $(AM_CFLAGS) $(CJSON_CFLAGS)
plugins_push_libpush_la_LIBADD = plugins/kit/libjson.la plugins/kit/libschedule.la
plugins_push_la_SOURCES =
plugins_push_la_LDFLAGS = $(PLUGIN_LDFLAGS)
plugins_push_la_LIBADD = plugins/push/libpush.la $(CJSON_LIBS)
plugins_clock_la_SOURCES = plugins/clock/clock.c plugins/clock/clock.h
plugins_clock_la_LDFLAGS = $(PLUGIN_LDFLAGS)
noinst_LTLIBRARIES += plugins/kubernetes/libkubernetes.la
plugins_kubernetes_libkubernetes_la_SOURCES = \
	plugins/kubernetes/access.c plugins/kubernetes/act.c plugins/kubernetes/act.h plugins/kubernetes/api.c plugins/kubernetes/apply.c \
	plugins/kubernetes/client.c plugins/kubernetes/client.h plugins/kubernetes/manifest.c plugins/kubernetes/manifest.h \
	plugins/kubernetes/node_act.c plugins/kubernetes/pods_act.c plugins/kubernetes/restart.c \
	plugins/kubernetes/cluster.c plugins/kubernetes/cluster.h plugins/kubernetes/credentials.c plugins/kubernetes/kubeconfig.c \
	plugins/kubernetes/kubeconfig.h plugins/kubernetes/kubeconfig_files.c plugins/kubernetes/kubernetes.c \
	plugins/kubernetes/kubernetes.h plugins/kubernetes/list.c plugins/kubernetes/list.h plugins/kubernetes/moment.c \
	plugins/kubernetes/moment.h plugins/kubernetes/node.c plugins/kubernetes/dkron.c plugins/kubernetes/pod.c plugins/kubernetes/pod.h \
	plugins/kubernetes/pods.c plugins/kubernetes/proxy.c plugins/kubernetes/proxy.h plugins/kubernetes/rollout.c plugins/kubernetes/rollout.h plugins/kubernetes/schedulable.c \
	plugins/kubernetes/watch.c plugins/kubernetes/workload.c
plugins_kubernetes_libkubernetes_la_CFLAGS = $(AM_CFLAGS) $(CJSON_CFLAGS) $(YAML_CFLAGS)
plugins_kubernetes_libkubernetes_la_LIBADD = plugins/kit/libexpect.la plugins/kit/libjson.la plugins/kit/libmoment.la plugins/kit/libyaml.la
plugins_kubernetes_la_SOURCES =
plugins_kubernetes_la_LDFLAGS = $(PLUGIN_LDFLAGS)
plugins_kubernetes_la_LIBADD = plugins/kubernetes/libkubernetes.la $(CJSON_LIBS) $(YAML_LIBS) $(PCRE2_LIBS) -lm
plugins_load_la_SOURCES = plugins/load.c
plugins_load_la_LDFLAGS = $(PLUGIN_LDFLAGS)
noinst_LTLIBRARIES += plugins/log/liblog.la
plugins_log_liblog_la_SOURCES = plugins/log/follow.c plugins/log/follow.h plugins/log/log.c plugins/log/log.h plugins/log/pattern.c
plugins_log_liblog_la_CFLAGS = $(AM_CFLAGS)
plugins_log_la_SOURCES =
plugins_log_la_LDFLAGS = $(PLUGIN_LDFLAGS)
plugins_log_la_LIBADD = plugins/log/liblog.la
plugins_memory_la_SOURCES = plugins/memory/memory.c plugins/memory/memory.h
plugins_memory_la_LDFLAGS = $(PLUGIN_LDFLAGS)
plugins_process_la_SOURCES = \
	plugins/process/address.c plugins/process/kill.c plugins/process/listener.c plugins/process/process.c plugins/process/process.h plugins/process/signal.c \
	plugins/process/signal_action.h
plugins_process_la_LDFLAGS = $(PLUGIN_LDFLAGS)
noinst_LTLIBRARIES += plugins/mount/libmount.la
plugins_mount_libmount_la_SOURCES = \
	plugins/mount/mount.c plugins/mount/mount.h plugins/mount/nfs.c plugins/mount/point.c plugins/mount/rpc.c plugins/mount/rpc.h \
	plugins/mount/table.c
plugins_mount_libmount_la_CFLAGS = $(AM_CFLAGS)
plugins_mount_la_SOURCES = plugins/mount/mount.h
plugins_mount_la_LDFLAGS = $(PLUGIN_LDFLAGS)
plugins_mount_la_LIBADD = plugins/mount/libmount.la
plugins_redis_la_SOURCES = plugins/redis/info.c plugins/redis/info.h plugins/redis/redis.c
plugins_redis_la_CFLAGS = $(AM_CFLAGS) $(HIREDIS_CFLAGS)
plugins_redis_la_LDFLAGS = $(PLUGIN_LDFLAGS)
plugins_redis_la_LIBADD = $(HIREDIS_LIBS)
noinst_LTLIBRARIES += plugins/talos/libtalos.la
plugins_talos_libtalos_la_SOURCES = \
	plugins/talos/api.c plugins/talos/certificate.c plugins/talos/etcd.c plugins/talos/restart.c plugins/talos/service.c \
	plugins/talos/talos.c plugins/talos/talos.h plugins/talos/talosconfig.c
plugins_talos_libtalos_la_CFLAGS = $(AM_CFLAGS) $(YAML_CFLAGS)
plugins_talos_libtalos_la_LIBADD = plugins/kit/libgrpc.la plugins/kit/libmoment.la plugins/kit/libtextfile.la
plugins_talos_la_SOURCES =
plugins_talos_la_LDFLAGS = $(PLUGIN_LDFLAGS)
plugins_talos_la_LIBADD = plugins/talos/libtalos.la $(YAML_LIBS)
noinst_LTLIBRARIES += plugins/systemd/libsystemd.la
plugins_systemd_libsystemd_la_SOURCES = \
	plugins/systemd/judge.c plugins/systemd/restart.c plugins/systemd/show.c plugins/systemd/systemd.c plugins/systemd/systemd.h
plugins_systemd_libsystemd_la_CFLAGS = $(AM_CFLAGS)
plugins_systemd_libsystemd_la_LIBADD = plugins/kit/libmoment.la
plugins_systemd_la_SOURCES =
plugins_systemd_la_LDFLAGS = $(PLUGIN_LDFLAGS)
plugins_systemd_la_LIBADD = plugins/systemd/libsystemd.la
noinst_LTLIBRARIES += plugins/secrets/libsecrets.la
plugins_secrets_libsecrets_la_SOURCES = plugins/secrets/secrets.c
plugins_secrets_libsecrets_la_CFLAGS = $(AM_CFLAGS) $(CJSON_CFLAGS)
plugins_secrets_libsecrets_la_LIBADD = plugins/kit/libjson.la plugins/kit/libjsonrpc.la plugins/kit/libmoment.la
plugins_secrets_la_SOURCES =
plugins_secrets_la_LDFLAGS = $(PLUGIN_LDFLAGS)
plugins_secrets_la_LIBADD = plugins/secrets/libsecrets.la $(CJSON_LIBS) -lm
noinst_LTLIBRARIES += plugins/tailscale/libtailscale.la
plugins_tailscale_libtailscale_la_SOURCES = \
	plugins/tailscale/judge.c plugins/tailscale/tailscale.c plugins/tailscale/tailscale.h plugins/tailscale/way.c
plugins_tailscale_libtailscale_la_CFLAGS = $(AM_CFLAGS) $(CJSON_CFLAGS)
plugins_tailscale_libtailscale_la_LIBADD = plugins/kit/libjson.la plugins/kit/libmoment.la plugins/kit/libtextfile.la
plugins_tailscale_la_SOURCES =
plugins_tailscale_la_LDFLAGS = $(PLUGIN_LDFLAGS)
plugins_tailscale_la_LIBADD = plugins/tailscale/libtailscale.la $(CJSON_LIBS) -lm
plugins_tcp_la_SOURCES = plugins/tcp.c
plugins_tcp_la_LDFLAGS = $(PLUGIN_LDFLAGS)
if DARWIN
plugins_colima_libcolima_la_SOURCES += plugins/colima/boot_darwin.c plugins/colima/forwarder_darwin.c
plugins_clock_la_SOURCES += plugins/clock/clock_darwin.c
plugins_disk_la_SOURCES += plugins/disk/disk_darwin.c
plugins_file_la_SOURCES += plugins/file/file_darwin.c
plugins_memory_la_SOURCES += plugins/memory/memory_darwin.c
plugins_mount_la_SOURCES += plugins/mount/mount_darwin.c
plugins_process_la_SOURCES += plugins/process/process_darwin.c
else
plugins_colima_libcolima_la_SOURCES += plugins/colima/boot_linux.c plugins/colima/forwarder_linux.c
plugins_clock_la_SOURCES += plugins/clock/clock_linux.c
plugins_disk_la_SOURCES += plugins/disk/disk_linux.c
plugins_file_la_SOURCES += plugins/file/file_linux.c
plugins_memory_la_SOURCES += plugins/memory/memory_linux.c plugins/memory/memory_linux.h
plugins_mount_la_SOURCES += plugins/mount/mount_linux.c
plugins_process_la_SOURCES += plugins/process/process_linux.c
endif
