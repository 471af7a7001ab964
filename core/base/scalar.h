/*
 * Reads the scalars of the configuration by the type that is expected (rules.md 1.4), never by guessing. Used by the core
 * for YAML and by the plugin host for the defaults in descriptors, so that both spell alike.
 *
 * Each reader returns true and the value, or false and a sentence fragment in `why` that says what is wrong and shows the
 * plain spelling ("write 80, not 0x50"). `why` never holds the value of a secret if the caller does not print it: it may
 * quote the text. Overflow, trailing text and empty text are errors.
 */
#ifndef BASE_SCALAR_H
#define BASE_SCALAR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { SCALAR_WHY = 256 };

bool scalar_int(const char *text, int64_t *value, char why[SCALAR_WHY]);
bool scalar_number(const char *text, double *value, char why[SCALAR_WHY]);
bool scalar_bool(const char *text, bool *value, char why[SCALAR_WHY]);
/* ns, at most INT64_MAX: two of them and a time can be added without a thought */
bool scalar_duration(const char *text, uint64_t *ns, char why[SCALAR_WHY]);
/* bytes, at most INT64_MAX */
bool scalar_size(const char *text, uint64_t *bytes, char why[SCALAR_WHY]);

/* "127.0.0.1:6379", "[::1]:443", "db.example:5432", "unix:/run/x.sock", "unix:~/x.sock" */
struct scalar_address {
    char host[256];  /* "" for a unix socket */
    char path[1024]; /* "" for TCP; a leading ~ is kept: the caller expands it */
    uint16_t port;   /* 0 where one is to be chosen (`listen`) */
};
bool scalar_address(const char *text, struct scalar_address *address, char why[SCALAR_WHY]);

/* A short spelling that reads back to the same value: "1h30m", "1.5s", "250ms"; "10MiB". Into out, cut at n. */
void scalar_show_duration(uint64_t ns, char *out, size_t n);
void scalar_show_size(uint64_t bytes, char *out, size_t n);
/* For people: "3 s", "2 min", "5 h", "3 d": one unit, rounded down. */
void scalar_show_age(uint64_t ns, char *out, size_t n);

#endif
