/* Copies of requests: see http_held.h. All lies in one block, so that it is wiped as one. */
#include "http_held.h"

#include "die.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

struct held { /* what the request points to comes behind it: the list of headers, then bytes */
    struct talon_http http; /* first */
    struct talon_tls tls;
    size_t size;
    const char *headers[];
};

static size_t length_of(const char *text)
{
    return text ? strlen(text) + 1 : 0;
}

/* Those that it has: a plugin may be older than this host. */
static struct talon_tls whole(const struct talon_tls *tls)
{
    struct talon_tls all = { .size = 0 };

    if (tls)
        memcpy(&all, tls, tls->size < sizeof all ? tls->size : sizeof all);
    all.size = sizeof all;
    return all;
}

static size_t count(const char *const *headers, size_t *bytes)
{
    size_t n = 0;

    for (; headers && headers[n]; n++)
        *bytes += length_of(headers[n]);
    return n;
}

static const void *keep(char **at, const void *bytes, size_t n)
{
    void *copy = *at;

    if (!bytes)
        return NULL;
    if (n > 0)
        memcpy(copy, bytes, n);
    *at += n;
    return copy;
}

static const char *keep_text(char **at, const char *text)
{
    return keep(at, text, length_of(text));
}

static void copy_texts(struct held *held, const struct talon_http *request, size_t n_headers, char *at)
{
    struct talon_http *http = &held->http;
    struct talon_tls *tls = &held->tls;

    http->method = keep_text(&at, http->method);
    http->url = keep_text(&at, http->url);
    http->unix_path = keep_text(&at, http->unix_path);
    http->connect_to = keep_text(&at, http->connect_to);
    http->body = keep(&at, http->body, http->body_len);
    for (size_t i = 0; i < n_headers; i++)
        held->headers[i] = keep_text(&at, request->headers[i]);
    http->headers = request->headers ? held->headers : NULL;
    tls->ca = keep_text(&at, tls->ca);
    tls->cert = keep_text(&at, tls->cert);
    tls->key = keep_text(&at, tls->key);
    tls->server_name = keep_text(&at, tls->server_name);
    http->tls = request->tls ? tls : NULL;
}

struct talon_http *http_held(const struct talon_http *request)
{
    const struct talon_tls tls = whole(request->tls);
    size_t bytes = length_of(request->method) + length_of(request->url) + length_of(request->unix_path) + length_of(request->connect_to) +
                   (request->body ? request->body_len : 0) + length_of(tls.ca) + length_of(tls.cert) + length_of(tls.key) + length_of(tls.server_name);
    const size_t n_headers = count(request->headers, &bytes);
    const size_t size = sizeof(struct held) + (n_headers + 1) * sizeof(char *) + bytes;
    struct held *held = must_alloc(size);

    held->http = *request;
    held->tls = tls;
    held->size = size;
    copy_texts(held, request, n_headers, (char *)&held->headers[n_headers + 1]);
    return &held->http;
}

void http_held_free(struct talon_http *http)
{
    struct held *held = (struct held *)(void *)http;

    if (!held)
        return;
    wipe(held, held->size);
    free(held);
}
