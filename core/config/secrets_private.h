/* What the parts of the secrets' values share: secrets.c keeps them, secrets_value.c judges them, secrets_command.c runs commands. */
#ifndef CONFIG_SECRETS_PRIVATE_H
#define CONFIG_SECRETS_PRIVATE_H

#include "config/secrets.h"

enum { SECRETS_SIZE = 65536, SECRETS_ROOM = SECRETS_SIZE + 4, SECRETS_WHY = 512 }; /* room: a line break, one byte too many, NUL */

/* Writes zeros that no compiler may drop. */
void secrets_wipe(void *bytes, size_t n);

/* Is this a value that may be used (rules.md 1.7)? Works in place: cuts the trailing newline, puts the picked field at the start. n: its length, then that of the
 * value. False: `why` says what is wrong, without the value. */
bool secrets_judge(const struct model_secret *secret, char *bytes, size_t *n, char why[SECRETS_WHY]);
/* Reads the variable or file into room for SECRETS_ROOM bytes. */
bool secrets_read_env(const struct model_secret *secret, char *bytes, size_t *n, char why[SECRETS_WHY]);
bool secrets_read_file(const struct model_secret *secret, char *bytes, size_t *n, char why[SECRETS_WHY]);

/* ---- commands ---- */

struct command;

extern double secrets_timeout_s; /* of a command; for tests to shorten */

/* bytes NULL: failed, and why says how. The bytes have SECRETS_ROOM and are wiped after the call. The command is over and freed then. */
typedef void command_fn(void *arg, char *bytes, size_t n, const char *why);
/* NULL: could not be started, why says how. The callback comes later. secret is borrowed as long as it runs. */
struct command *command_start(struct ev_loop *loop, const struct model_secret *secret, const char *path, command_fn *done, void *arg, char why[SECRETS_WHY]);
/* Ends it and its process group; no callback. The loop, which must be libev's default one, waits for the process. */
void command_stop(struct command *command);

#endif
