/* Secrets into options: see filling.h. */
#include "filling.h"

#include "base/os/clock.h"

#include <stdlib.h>
#include <string.h>

enum { ESCAPED = 6 }; /* bytes that one of a value may become in JSON */

/* A compiler may drop a memset of what is freed next; it may not drop writes through a volatile pointer. */
static void wipe(char *bytes, size_t n)
{
    volatile char *p = bytes;

    while (n-- > 0)
        *p++ = 0;
}

static void forget(struct filling *filling)
{
    for (size_t i = 0; i < filling->n; i++) {
        wipe(filling->values[i].bytes, filling->values[i].n);
        free(filling->values[i].bytes);
    }
    filling->n = 0;
    model_drop(filling->model);
    filling->model = NULL;
}

static void refuse(struct filling *filling, const char *reason, const char *why)
{
    filling->fresh_until = 0;
    forget(filling);
    filling->done(filling->arg, NULL, reason, why);
}

static void fill(struct filling *filling)
{
    const char *values[FILLING_SECRETS];
    size_t lengths[FILLING_SECRETS], room = strlen(filling->conf->json);
    struct buffer filled = buffer_make(0);

    for (size_t i = 0; i < filling->n; i++) {
        values[i] = filling->values[i].bytes;
        lengths[i] = filling->values[i].n;
        room += ESCAPED * lengths[i];
    }
    buffer_reserve(&filled, room); /* so that it never grows, and leaves no copy of a secret behind */
    secrets_fill(&filled, filling->conf, values, lengths);
    if (filled.failed) {
        refuse(filling, "local", "the options could not be put together: no memory");
    } else {
        forget(filling);
        filling->done(filling->arg, &filled, NULL, NULL);
    }
    if (filled.data)
        wipe(filled.data, filled.len);
    buffer_free(&filled);
}

/* ---- one after the other */

static void ask_next(struct filling *filling);

static void on_secret(void *arg, const char *value, size_t n, const char *why)
{
    struct filling *filling = arg;
    struct filling_value *kept = &filling->values[filling->n];

    filling->asking = NULL;
    if (!value) {
        refuse(filling, "secret.refused", why);
        return;
    }
    kept->bytes = malloc(n + 1);
    if (!kept->bytes) {
        refuse(filling, "local", "a secret could not be kept: no memory");
        return;
    }
    memcpy(kept->bytes, value, n);
    kept->bytes[n] = '\0';
    kept->n = n;
    filling->n++;
    ask_next(filling);
}

static void ask_next(struct filling *filling)
{
    const struct model_secret *secret;
    uint64_t now;

    if (filling->n == filling->conf->n_holes) {
        fill(filling);
        return;
    }
    secret = &filling->model->secrets[filling->conf->holes[filling->n].secret];
    now = clock_moment().elapsed;
    if (secret->ttl > 0 && now + secret->ttl < filling->fresh_until)
        filling->fresh_until = now + secret->ttl;
    filling->asking = secrets_get(filling->secrets, secret, on_secret, filling);
    if (!filling->asking)
        refuse(filling, "local", "a secret could not be asked for: no memory");
}

/* ---- the face */

void filling_start(struct filling *filling, struct secrets *secrets, const struct model *model, const struct model_conf *conf, filling_done *done, void *arg)
{
    *filling = (struct filling){ .secrets = secrets, .model = model_keep(model), .conf = conf, .fresh_until = UINT64_MAX, .done = done, .arg = arg };
    if (conf->n_holes > FILLING_SECRETS)
        refuse(filling, "secret.refused", "more than 16 references to secrets in the options of one operation");
    else
        ask_next(filling);
}

void filling_stop(struct filling *filling)
{
    if (filling->asking)
        secrets_stop(filling->asking);
    filling->asking = NULL;
    forget(filling);
}
