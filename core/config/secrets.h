/*
 * The values of secrets, from where the configuration says (environment, file, command), kept for their time to live and wiped
 * afterwards. The only place in the core that holds them, and only until they have gone to the plugin host that needs them.
 */
#ifndef CONFIG_SECRETS_H
#define CONFIG_SECRETS_H

#include "base/buffer.h"
#include "model.h"

#include <ev.h>

struct secrets;

/* value NULL: refused, and `why` says it without the value ("secret token: the command printed JSON; say `json: FIELD`"). Both borrowed for the call. */
typedef void secrets_fn(void *arg, const char *value, size_t n, const char *why);

/* loop: libev's default one (loop_create()), since commands are waited for in it. path: PATH of commands. NULL: no memory. */
struct secrets *secrets_create(struct ev_loop *loop, const char *path);
/* Ends commands, wipes values; no callback follows. */
void secrets_free(struct secrets *secrets);
/* Asks for a value: from the cache while its ttl lasts, else from its source (rules.md 1.7 says which values are refused). The callback comes later, never
 * from within. A command has 30 s. secret is copied. Returns a handle for secrets_stop(); NULL: no memory. */
struct secrets_question *secrets_get(struct secrets *secrets, const struct model_secret *secret, secrets_fn *done, void *arg);
void secrets_stop(struct secrets_question *question);
/* The configuration has changed: values of secrets that it no longer names in the same way are wiped; commands are looked up in its `exec_path`. */
void secrets_reload(struct secrets *secrets, const struct model *model);
/* Puts values into a conf's holes, JSON-escaped, in order. Wipe the buffer after use. */
void secrets_fill(struct buffer *out, const struct model_conf *conf, const char *const *values, const size_t *lengths);

#endif
