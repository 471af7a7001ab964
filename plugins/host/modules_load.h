/*
 * Loads the host's own modules at their first use: see modules.h. It is done by a thread: to map libcurl and what it brings takes 20 ms, its and OpenSSL's
 * beginnings take 10, and no run that is under way may be measured late for that. What needs a module waits for it.
 */
#ifndef HOST_MODULES_LOAD_H
#define HOST_MODULES_LOAD_H

#include "modules.h"

enum { MODULE_HTTP = 1, MODULE_TLS = 2 };

struct module_wait {
    struct module_wait *next, **at; /* at NULL: does not wait */
    unsigned needs;
    bool shakes_hands; /* TLS is among what it needs */
    void (*call)(struct module_wait *);
};

/* True: all that is needed is loaded (or cannot be: ask for it). False: a thread has been set to it, and call(wait) follows on a later turn. */
bool modules_await(unsigned needs, struct module_wait *wait, void (*call)(struct module_wait *));
/* No call follows. */
void modules_leave(struct module_wait *wait);

/* NULL: it is not loaded, and `why` is a sentence that lives for ever. */
const struct tls_module *modules_tls(const char **why);
const struct http_module *modules_http(const char **why);
/* Waits for the thread; frees what the modules hold. */
void modules_close(void);

#endif
