# plugins/host: talon-host, and its modules for TLS and HTTP that are loaded at their first use.

# TLS and HTTP modules
HOST_MODULE_LDFLAGS = $(AM_LDFLAGS) -module -avoid-version -shared $(PLUGIN_NO_UNDEFINED)
HOST_MODULE_LIBS = core/base/os/libos.la core/base/libbase.la $(EV_LIBS) -lm
host_LTLIBRARIES += plugins/host/talon-host-tls.la plugins/host/talon-host-http.la
plugins_host_talon_host_http_la_SOURCES = \
	plugins/host/http.c plugins/host/http_answer.c plugins/host/http_error.c plugins/host/http_group.c plugins/host/http_hop.c \
	plugins/host/http_private.h plugins/host/http_redirect.c plugins/host/http_request.c plugins/host/http_socket.c \
	plugins/host/http_trust.c plugins/host/module_fault.h plugins/host/modules.h
plugins_host_talon_host_http_la_CFLAGS = $(AM_CFLAGS) $(CURL_CFLAGS)
plugins_host_talon_host_http_la_LDFLAGS = $(HOST_MODULE_LDFLAGS)
plugins_host_talon_host_http_la_LIBADD = $(HOST_MODULE_LIBS) $(CURL_LIBS)
plugins_host_talon_host_tls_la_SOURCES = \
	plugins/host/module_fault.h plugins/host/modules.h plugins/host/tls.c plugins/host/tls_authorities.c plugins/host/tls_pem.c \
	plugins/host/tls_private.h plugins/host/tls_record.c plugins/host/tls_set.c plugins/host/tls_verify.c
plugins_host_talon_host_tls_la_CFLAGS = $(AM_CFLAGS) $(OPENSSL_CFLAGS)
plugins_host_talon_host_tls_la_LDFLAGS = $(HOST_MODULE_LDFLAGS)
plugins_host_talon_host_tls_la_LIBADD = $(HOST_MODULE_LIBS) $(OPENSSL_LIBS)
