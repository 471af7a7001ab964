/* Is a TCP port of this host taken, and by whom? */
#ifndef BASE_OS_PORT_H
#define BASE_OS_PORT_H

#include <stdint.h>
#include <sys/types.h>

enum port_answer { PORT_FREE, PORT_TAKEN, PORT_NO_ANSWER };

struct port_holder {
    pid_t pid;     /* 0: it cannot be told (another user's, or gone by now) */
    char name[64]; /* of its program; "" as well */
};

/* Tries to have it at the address (numeric; NULL: any of this host's, and loopback), and lets it go at once. Only listeners are looked at: clients of the port are
 * nobody's business. Blocks for a look at all processes where it is taken, else for nothing. */
enum port_answer port_look(const char *host, uint16_t port, struct port_holder *holder);

#endif
