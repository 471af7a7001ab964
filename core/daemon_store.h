/* What the daemon keeps in the store: runs and what each service's time counts as. Private to the daemon. */
#ifndef DAEMON_STORE_H
#define DAEMON_STORE_H

#include "engine/engine.h"
#include "store/store.h"

/* Opens the store in the state folder; NULL: it goes on without, said in the log. Nothing of `settings` is kept. */
struct store *daemon_store_open(const char *folder, const struct model_settings *settings);
/* Gives the store a second to write what waits. NULL: nothing. */
void daemon_store_close(struct store *store);
/* A run of the check has ended. `whole` is kept of it where the state differs from the last one's. */
void daemon_store_run(struct store *store, const struct engine *engine, size_t check, const struct result *result, int64_t wall);
/* The service's verdict has changed. */
void daemon_store_service(struct store *store, const struct engine *engine, size_t service, int64_t wall);
/* What is wrong with it, as a sentence; "" when nothing is. Also carries out what it has to say. */
void daemon_store_look(struct store *store, char *trouble, size_t n);

#endif
