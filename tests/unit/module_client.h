/* The host's side of the module tests: a loop, a resolver with a table of names, the modules as they were built, and one exchange at a time in one call. */
#ifndef MODULE_CLIENT_H
#define MODULE_CLIENT_H

#include "../../plugins/host/modules.h"

#include <stdatomic.h>

struct client_name { /* an entry of the resolver's table: up to 3 addresses, or an error, or no answer at all */
    const char *name;
    const char *addresses[3];
    uint32_t error;
    bool silent;
};

extern struct ev_loop *client_loop;
extern const struct tls_module *client_tls;
extern const struct http_module *client_http;
extern const struct client_name *client_names; /* name NULL ends */
extern int client_resolved;                    /* questions answered so far */
extern int client_asking;                      /* questions on their way */
extern char client_logged[1024];               /* the last line that a module has logged */

/* Loads the modules that were built. The first is TLS alone. */
void client_open_tls(void);
void client_open_http(void);
/* Closes what the modules keep, so that leaks show. */
void client_close_http(void);

/* Turns the loop until *done, at most 20 s: then the test fails. */
void client_run(const bool *done);
/* Turns it once, without waiting for long. */
void client_turn(void);

struct got { /* a copy of a response */
    bool over;
    int times; /* called back */
    uint32_t status, code, http_version, reused;
    int32_t os;
    char token[64], text[600];
    char headers[8192]; /* "Name: value\n" each */
    char *body;
    size_t body_len;
    uint64_t resolve_ns, connect_ns, tls_ns, first_byte_ns, total_ns;
    bool has_peer;
    int32_t verify;
    char subject[256], issuer[256], protocol[32], verify_text[128];
    int64_t not_before, not_after;
};

http_finished_fn client_finished; /* arg: a struct got */
void client_forget(struct got *got);
/* One exchange from start to end. Forget it afterwards. */
struct got client_fetch(const struct talon_http *http, uint64_t timeout_ns);
/* It was answered with that status, and nothing failed. */
#define ANSWERED(got, code) client_answered(&(got), (code), __FILE__, __LINE__)
/* It failed with that error; the sentence holds `part`. */
#define FAILED(got, code, token, part) client_failed(&(got), (code), (token), (part), __FILE__, __LINE__)
void client_answered(const struct got *got, uint32_t status, const char *file, int line);
void client_failed(const struct got *got, uint32_t code, const char *token, const char *part, const char *file, int line);
/* The text holds the part, or it does not. */
#define HOLDS(text, part) client_holds((text), (part), true, __FILE__, __LINE__)
#define LACKS(text, part) client_holds((text), (part), false, __FILE__, __LINE__)
void client_holds(const char *text, const char *part, bool does, const char *file, int line);
/* One exchange that is told to expire when *said is true and the loop has turned on: for peers that then say no more. */
struct got client_expire(const struct talon_http *http, const atomic_bool *said);
void client_copy_peer(struct got *got, const struct talon_peer *peer);

#endif
