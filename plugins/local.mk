# The shipped plugins: each knows talon/plugin.h, the kit and its own libraries, nothing else of Talon. What a plugin is made of is compiled once, into a
# convenience library that its tests link as well.
PLUGIN_LDFLAGS = $(AM_LDFLAGS) -module -avoid-version -shared $(PLUGIN_NO_UNDEFINED)
plugin_LTLIBRARIES += \
	plugins/colima.la plugins/disk.la plugins/docker.la plugins/exec.la plugins/file.la plugins/grpc.la plugins/http.la plugins/load.la \
	plugins/memory.la plugins/process.la plugins/redis.la plugins/talos.la plugins/tcp.la

noinst_LTLIBRARIES += plugins/kit/libjson.la
plugins_kit_libjson_la_SOURCES = plugins/kit/json.c plugins/kit/json.h
plugins_kit_libjson_la_CFLAGS = $(AM_CFLAGS) $(CJSON_CFLAGS)

noinst_LTLIBRARIES += plugins/kit/libmoment.la
plugins_kit_libmoment_la_SOURCES = plugins/kit/moment.c plugins/kit/moment.h
plugins_kit_libmoment_la_CFLAGS = $(AM_CFLAGS)

noinst_LTLIBRARIES += plugins/kit/libtextfile.la
plugins_kit_libtextfile_la_SOURCES = plugins/kit/text_file.c plugins/kit/text_file.h
plugins_kit_libtextfile_la_CFLAGS = $(AM_CFLAGS)

noinst_LTLIBRARIES += plugins/colima/libcolima.la
plugins_colima_libcolima_la_SOURCES = \
	plugins/colima/colima.c plugins/colima/colima.h plugins/colima/lima.c plugins/colima/witness.c plugins/colima/witness.h
plugins_colima_libcolima_la_CFLAGS = $(AM_CFLAGS) $(CJSON_CFLAGS)
plugins_colima_libcolima_la_LIBADD = plugins/kit/libjson.la plugins/kit/libmoment.la plugins/kit/libtextfile.la
plugins_colima_la_SOURCES =
plugins_colima_la_LDFLAGS = $(PLUGIN_LDFLAGS)
plugins_colima_la_LIBADD = plugins/colima/libcolima.la $(CJSON_LIBS)
plugins_disk_la_SOURCES = plugins/disk/disk.c plugins/disk/disk.h
plugins_disk_la_LDFLAGS = $(PLUGIN_LDFLAGS)
noinst_LTLIBRARIES += plugins/docker/libdocker.la
plugins_docker_libdocker_la_SOURCES = \
	plugins/docker/container.c plugins/docker/docker.c plugins/docker/docker.h plugins/docker/engine.c plugins/docker/events.c \
	plugins/docker/judge.c plugins/docker/stopped.c
plugins_docker_libdocker_la_CFLAGS = $(AM_CFLAGS) $(CJSON_CFLAGS)
plugins_docker_libdocker_la_LIBADD = plugins/kit/libjson.la plugins/kit/libmoment.la
plugins_docker_la_SOURCES =
plugins_docker_la_LDFLAGS = $(PLUGIN_LDFLAGS)
plugins_docker_la_LIBADD = plugins/docker/libdocker.la $(CJSON_LIBS)
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
noinst_LTLIBRARIES += plugins/http/libhttp.la
plugins_http_libhttp_la_SOURCES = \
	plugins/http/header.c plugins/http/http.c plugins/http/http.h plugins/http/json.c plugins/http/judge.c \
	plugins/http/options.c plugins/http/status.c
plugins_http_libhttp_la_CFLAGS = $(AM_CFLAGS) $(CJSON_CFLAGS) $(PCRE2_CFLAGS)
plugins_http_libhttp_la_LIBADD = plugins/kit/libjson.la
plugins_http_la_SOURCES =
plugins_http_la_LDFLAGS = $(PLUGIN_LDFLAGS)
plugins_http_la_LIBADD = plugins/http/libhttp.la $(CJSON_LIBS) $(PCRE2_LIBS) -lm
plugins_load_la_SOURCES = plugins/load.c
plugins_load_la_LDFLAGS = $(PLUGIN_LDFLAGS)
plugins_memory_la_SOURCES = plugins/memory/memory.c plugins/memory/memory.h
plugins_memory_la_LDFLAGS = $(PLUGIN_LDFLAGS)
plugins_process_la_SOURCES = plugins/process/address.c plugins/process/process.c plugins/process/process.h
plugins_process_la_LDFLAGS = $(PLUGIN_LDFLAGS)
plugins_redis_la_SOURCES = plugins/redis/info.c plugins/redis/info.h plugins/redis/redis.c
plugins_redis_la_CFLAGS = $(AM_CFLAGS) $(HIREDIS_CFLAGS)
plugins_redis_la_LDFLAGS = $(PLUGIN_LDFLAGS)
plugins_redis_la_LIBADD = $(HIREDIS_LIBS)
noinst_LTLIBRARIES += plugins/talos/libtalos.la
plugins_talos_libtalos_la_SOURCES = \
	plugins/talos/api.c plugins/talos/certificate.c plugins/talos/etcd.c plugins/talos/service.c plugins/talos/talos.c plugins/talos/talos.h \
	plugins/talos/talosconfig.c
plugins_talos_libtalos_la_CFLAGS = $(AM_CFLAGS) $(YAML_CFLAGS)
plugins_talos_libtalos_la_LIBADD = plugins/kit/libgrpc.la plugins/kit/libmoment.la plugins/kit/libtextfile.la
plugins_talos_la_SOURCES =
plugins_talos_la_LDFLAGS = $(PLUGIN_LDFLAGS)
plugins_talos_la_LIBADD = plugins/talos/libtalos.la $(YAML_LIBS)
plugins_tcp_la_SOURCES = plugins/tcp.c
plugins_tcp_la_LDFLAGS = $(PLUGIN_LDFLAGS)
if DARWIN
plugins_colima_libcolima_la_SOURCES += plugins/colima/boot_darwin.c
plugins_disk_la_SOURCES += plugins/disk/disk_darwin.c
plugins_file_la_SOURCES += plugins/file/file_darwin.c
plugins_memory_la_SOURCES += plugins/memory/memory_darwin.c
plugins_process_la_SOURCES += plugins/process/process_darwin.c
else
plugins_colima_libcolima_la_SOURCES += plugins/colima/boot_linux.c
plugins_disk_la_SOURCES += plugins/disk/disk_linux.c
plugins_file_la_SOURCES += plugins/file/file_linux.c
plugins_memory_la_SOURCES += plugins/memory/memory_linux.c plugins/memory/memory_linux.h
plugins_process_la_SOURCES += plugins/process/process_linux.c
endif
