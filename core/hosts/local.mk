# core/hosts: starts plugin hosts and speaks the wire protocol with them.
noinst_LTLIBRARIES += core/hosts/libhosts.la
core_hosts_libhosts_la_SOURCES = core/hosts/hosts.h
