/* TLS options of exchanges, one copy for all that have the same, wiped with its last user; and what the TLS module noted of connections. */
#include "http_private.h"

#include <stdlib.h>
#include <string.h>

static struct trust *trusts;

/* A compiler may drop a memset of what is freed next; it may not drop writes through a volatile pointer. */
void http_wipe(void *bytes, size_t n)
{
    volatile unsigned char *p = bytes;

    while (n-- > 0)
        *p++ = 0;
}

static bool same_text(const char *a, const char *b)
{
    return a == b || (a && b && strcmp(a, b) == 0);
}

static bool same(const struct talon_tls *a, const struct talon_tls *b)
{
    return !a->insecure == !b->insecure && same_text(a->server_name, b->server_name) && same_text(a->ca, b->ca) &&
           same_text(a->cert, b->cert) && same_text(a->key, b->key);
}

static const char *keep(char **at, const char *text)
{
    size_t n = text ? strlen(text) + 1 : 0;
    char *copy = *at;

    if (!text)
        return NULL;
    memcpy(copy, text, n);
    *at += n;
    return copy;
}

static size_t room_for(const char *text)
{
    return text ? strlen(text) + 1 : 0;
}

static struct trust *trust_create(const struct talon_tls *tls)
{
    struct trust *trust = calloc(1, sizeof *trust);
    char *at;

    if (!trust)
        return NULL;
    trust->n = 1 + room_for(tls->ca) + room_for(tls->cert) + room_for(tls->key) + room_for(tls->server_name);
    at = trust->bytes = malloc(trust->n);
    if (!at) {
        free(trust);
        return NULL;
    }
    trust->tls = (struct talon_tls){ .size = sizeof trust->tls, .insecure = tls->insecure ? 1 : 0 };
    trust->tls.ca = keep(&at, tls->ca);
    trust->tls.cert = keep(&at, tls->cert);
    trust->tls.key = keep(&at, tls->key);
    trust->tls.server_name = keep(&at, tls->server_name);
    trust->next = trusts;
    trusts = trust;
    return trust;
}

bool trust_take(const struct talon_tls *tls, struct trust **trust)
{
    *trust = NULL;
    if (!tls || (!tls->insecure && !tls->ca && !tls->cert && !tls->key && !tls->server_name))
        return true;
    for (*trust = trusts; *trust && !same(&(*trust)->tls, tls); *trust = (*trust)->next)
        ;
    if (!*trust)
        *trust = trust_create(tls);
    if (!*trust)
        return false;
    (*trust)->users++;
    return true;
}

struct trust *trust_share(struct trust *trust)
{
    if (trust)
        trust->users++;
    return trust;
}

bool trust_reduce(const struct trust *from, struct trust **trust)
{
    struct talon_tls tls = from ? from->tls : (struct talon_tls){ .size = sizeof tls };

    tls.cert = tls.key = tls.server_name = NULL;
    return trust_take(&tls, trust);
}

void trust_drop(struct trust *trust)
{
    struct trust **at = &trusts;

    if (!trust || --trust->users > 0)
        return;
    while (*at != trust)
        at = &(*at)->next;
    *at = trust->next;
    http_wipe(trust->bytes, trust->n);
    free(trust->bytes);
    free(trust);
}

/* ---- seals */

struct seal *seal_create(void)
{
    struct seal *seal = calloc(1, sizeof *seal);

    if (!seal)
        return NULL;
    seal->users = 1;
    seal->record = http_globals.tls->record_create();
    if (seal->record)
        return seal;
    free(seal);
    return NULL;
}

struct seal *seal_share(struct seal *seal)
{
    if (seal)
        seal->users++;
    return seal;
}

void seal_drop(struct seal *seal)
{
    if (!seal || --seal->users > 0)
        return;
    http_globals.tls->record_free(seal->record);
    free(seal);
}
