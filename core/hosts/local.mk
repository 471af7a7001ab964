# core/hosts: starts plugin hosts and speaks the wire protocol with them.
noinst_LIBRARIES += core/hosts/libhosts.a
core_hosts_libhosts_a_SOURCES = \
	core/hosts/chatter.c core/hosts/chatter.h \
	core/hosts/clear.c \
	core/hosts/describe.c \
	core/hosts/host.c \
	core/hosts/hosts.c core/hosts/hosts.h core/hosts/hosts_private.h \
	core/hosts/ids.c core/hosts/ids.h \
	core/hosts/instance.c \
	core/hosts/list.h \
	core/hosts/message.c core/hosts/message.h \
	core/hosts/plugins.c \
	core/hosts/process.c \
	core/hosts/run.c \
	core/hosts/stop.c \
	core/hosts/validate.c \
	core/hosts/wire_in.c \
	core/hosts/wire_out.c \
	core/hosts/wire_result.c
