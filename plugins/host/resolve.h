/*
 * Names to addresses, in at most four threads of their own, because getaddrinfo() may block for as long as it likes. Several that ask for one name at once
 * share one question. Nothing is remembered: a check is to see what the resolver says now.
 */
#ifndef HOST_RESOLVE_H
#define HOST_RESOLVE_H

#include "modules.h"

#include <stdbool.h>

/* As `resolve` and `resolve_stop` of struct module_host. */
struct resolve *resolve_start(const char *host, uint16_t port, resolved_fn *done, void *arg);
void resolve_stop(struct resolve *asker);
/* An address that needs no resolver. False: it is a name. */
bool resolve_literal(const char *host, uint16_t port, struct sockaddr_storage *address, socklen_t *length);
void resolve_end(void);

#endif
