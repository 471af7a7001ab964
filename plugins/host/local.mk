# plugins/host: talon-host, and its modules for TLS and HTTP that are loaded at their first use.
# All but main(), so that unit tests can have its parts.
noinst_LIBRARIES += plugins/host/libhost.a
plugins_host_libhost_a_SOURCES = \
	plugins/host/children.c plugins/host/children.h \
	plugins/host/conf.c plugins/host/conf.h plugins/host/conf_check.c plugins/host/conf_values.c \
	plugins/host/describe.c plugins/host/descriptor.c plugins/host/descriptor_options.c \
	plugins/host/die.c plugins/host/die.h plugins/host/host.c plugins/host/host.h \
	plugins/host/http_held.c plugins/host/http_held.h plugins/host/ids.c plugins/host/ids.h \
	plugins/host/instance.c plugins/host/instance.h plugins/host/instance_tell.c \
	plugins/host/limits.c plugins/host/limits.h \
	plugins/host/link.h plugins/host/link_io.c plugins/host/link_tls.c plugins/host/op_connect.c plugins/host/op_connect.h \
	plugins/host/match.c plugins/host/match.h \
	plugins/host/modules.c plugins/host/modules.h plugins/host/modules_load.h \
	plugins/host/op.c plugins/host/op.h \
	plugins/host/op_http.c plugins/host/op_http.h \
	plugins/host/op_spawn.c plugins/host/op_spawn.h plugins/host/spawn.h plugins/host/spawn_command.c plugins/host/spawn_io.c \
	plugins/host/op_timer.c plugins/host/op_timer.h plugins/host/op_wait.c plugins/host/op_wait.h \
	plugins/host/output.c plugins/host/output.h plugins/host/owner.c plugins/host/owner.h \
	plugins/host/plugin.c plugins/host/plugins.h \
	plugins/host/resolve.c plugins/host/resolve.h \
	plugins/host/run.c plugins/host/run.h plugins/host/run_deadline.c plugins/host/run_deadline.h \
	plugins/host/said.c plugins/host/said.h plugins/host/services.c plugins/host/services.h \
	plugins/host/share.c plugins/host/share.h \
	plugins/host/trouble.c plugins/host/trouble.h plugins/host/turn.c plugins/host/turn.h \
	plugins/host/waiting.c plugins/host/waiting.h \
	plugins/host/wire.c plugins/host/wire.h plugins/host/wire_done.c plugins/host/wire_in.c plugins/host/wire_out.c \
	plugins/host/wire_private.h plugins/host/wire_start.c \
	plugins/host/worker.c plugins/host/worker.h
HOST_LIBS = plugins/host/libhost.a core/base/os/libos.a core/base/libbase.a $(CJSON_LIBS) $(PCRE2_LIBS) $(EV_LIBS) -lm
host_PROGRAMS += talon-host
talon_host_SOURCES = plugins/host/main.c
talon_host_LDADD = $(HOST_LIBS)

# TLS and HTTP modules
HOST_MODULE_LDFLAGS = $(AM_LDFLAGS) -module -avoid-version -shared $(PLUGIN_NO_UNDEFINED)
HOST_MODULE_LIBS = core/base/libmodule.la $(EV_LIBS) -lm
host_LTLIBRARIES += plugins/host/talon-host-tls.la plugins/host/talon-host-http.la
plugins_host_talon_host_http_la_SOURCES = \
	plugins/host/http.c plugins/host/http_answer.c plugins/host/http_error.c plugins/host/http_group.c plugins/host/http_hop.c \
	plugins/host/http_private.h plugins/host/http_redirect.c plugins/host/http_request.c plugins/host/http_socket.c \
	plugins/host/http_trust.c plugins/host/module_fault.h plugins/host/modules.h
plugins_host_talon_host_http_la_CFLAGS = $(AM_CFLAGS) $(CURL_CFLAGS)
plugins_host_talon_host_http_la_LDFLAGS = $(HOST_MODULE_LDFLAGS)
plugins_host_talon_host_http_la_LIBADD = $(HOST_MODULE_LIBS) $(CURL_LIBS)
plugins_host_talon_host_tls_la_SOURCES = \
	plugins/host/module_fault.h plugins/host/modules.h plugins/host/tls.c plugins/host/tls_authorities.c plugins/host/tls_bundle.c plugins/host/tls_pem.c \
	plugins/host/tls_private.h plugins/host/tls_record.c plugins/host/tls_set.c plugins/host/tls_verify.c
plugins_host_talon_host_tls_la_CFLAGS = $(AM_CFLAGS) $(OPENSSL_CFLAGS)
plugins_host_talon_host_tls_la_LDFLAGS = $(HOST_MODULE_LDFLAGS)
plugins_host_talon_host_tls_la_LIBADD = $(HOST_MODULE_LIBS) $(OPENSSL_LIBS)
