# core/control: the socket by which commands come, in its own thread.
noinst_LIBRARIES += core/control/libcontrol.a
core_control_libcontrol_a_SOURCES = \
	core/control/control.c core/control/control.h core/control/control_private.h \
	core/control/asks.c core/control/asks.h core/control/commands.c core/control/commands.h \
	core/control/http.c core/control/peer.c core/control/peer.h core/control/socket.c core/control/socket.h
if DARWIN
core_control_libcontrol_a_SOURCES += core/control/peer_darwin.c
else
core_control_libcontrol_a_SOURCES += core/control/peer_linux.c
endif
