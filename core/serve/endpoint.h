/* serve_start() with other bounds than those of rules.md 6.2: for tests. Private to serve. */
#ifndef SERVE_ENDPOINT_H
#define SERVE_ENDPOINT_H

#include "serve/clients.h"
#include "serve/serve.h"

struct serve *endpoint_start(const struct serve_settings *settings, const struct clients_bounds *bounds, char *why, size_t why_size);

#endif
