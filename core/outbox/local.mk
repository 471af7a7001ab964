# core/outbox: what people are to be told until a channel has taken it. Pure: base alone.
noinst_LIBRARIES += core/outbox/liboutbox.a
core_outbox_liboutbox_a_SOURCES = \
	core/outbox/channel.c \
	core/outbox/letter.c \
	core/outbox/outbox.c core/outbox/outbox.h core/outbox/outbox_private.h \
	core/outbox/rows.c
