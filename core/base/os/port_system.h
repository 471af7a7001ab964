/* Who listens on a port, which each system tells in its own way: one file for each defines it. Private to port.c. */
#ifndef BASE_OS_PORT_SYSTEM_H
#define BASE_OS_PORT_SYSTEM_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* A process that listens there, and its program's name. 0: there is none, or we may not see it. */
pid_t port_system_listener(uint16_t port, char *name, size_t room);

#endif
