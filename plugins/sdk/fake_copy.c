/* Copies of everything that crosses the border of the fake host, each in a block of exactly its size, so that
 * sanitizers see what a plugin reads beyond, or too late. */
#include "fake_private.h"

#include <stdlib.h>

struct fake_block {
    struct fake_block *next;
    void *bytes;
};

void *fake_pool_alloc(struct fake_pool *pool, size_t n)
{
    struct fake_block *block = malloc(sizeof *block);
    void *bytes = calloc(1, n > 0 ? n : 1);

    if (!block || !bytes)
        fake_misuse("no memory for %zu bytes", n);
    block->bytes = bytes;
    block->next = pool->first;
    pool->first = block;
    return bytes;
}

void *fake_pool_copy(struct fake_pool *pool, const void *bytes, size_t n)
{
    void *copy = fake_pool_alloc(pool, n);

    if (n > 0)
        memcpy(copy, bytes, n);
    return copy;
}

char *fake_pool_text(struct fake_pool *pool, const char *text)
{
    return text ? fake_pool_copy(pool, text, strlen(text) + 1) : NULL;
}

void fake_pool_release(struct fake_pool *pool, void *bytes)
{
    struct fake_block **at = &pool->first, *block;

    while (*at && (*at)->bytes != bytes)
        at = &(*at)->next;
    if (!*at)
        fake_misuse("release() of memory that alloc() of this owner never gave");
    block = *at;
    *at = block->next;
    free(block->bytes);
    free(block);
}

void fake_pool_free(struct fake_pool *pool)
{
    struct fake_block *block, *next;

    for (block = pool->first; block; block = next) {
        next = block->next;
        free(block->bytes);
        free(block);
    }
    pool->first = NULL;
}

/* n bytes followed by a NUL. */
static char *copy_bytes(struct fake_pool *pool, const void *bytes, size_t n)
{
    char *copy = fake_pool_alloc(pool, n + 1);

    if (n > 0)
        memcpy(copy, bytes, n);
    return copy;
}

static const char *const *copy_list(struct fake_pool *pool, const char *const *from)
{
    const char **copy;
    size_t n = 0;

    if (!from)
        return NULL;
    while (from[n])
        n++;
    copy = fake_pool_alloc(pool, (n + 1) * sizeof *copy);
    for (size_t i = 0; i < n; i++)
        copy[i] = fake_pool_text(pool, from[i]);
    return copy;
}

static const struct talon_pair *copy_pairs(struct fake_pool *pool, const struct talon_pair *from)
{
    struct talon_pair *copy;
    size_t n = 0;

    while (from && from[n].name)
        n++;
    copy = fake_pool_alloc(pool, (n + 1) * sizeof *copy);
    for (size_t i = 0; i < n; i++) {
        copy[i].name = fake_pool_text(pool, from[i].name);
        copy[i].value = fake_pool_text(pool, from[i].value);
    }
    return copy;
}

struct talon_tls *fake_copy_tls(struct fake_pool *pool, const struct talon_tls *from)
{
    struct talon_tls *copy;

    if (!from)
        return NULL;
    copy = fake_pool_copy(pool, from, sizeof *from);
    copy->ca = fake_pool_text(pool, from->ca);
    copy->cert = fake_pool_text(pool, from->cert);
    copy->key = fake_pool_text(pool, from->key);
    copy->server_name = fake_pool_text(pool, from->server_name);
    return copy;
}

static const struct talon_peer *copy_peer(struct fake_pool *pool, const struct talon_peer *from)
{
    struct talon_peer *copy;

    if (!from)
        return NULL;
    copy = fake_pool_copy(pool, from, sizeof *from);
    copy->verify_text = fake_pool_text(pool, from->verify_text ? from->verify_text : "");
    copy->subject = fake_pool_text(pool, from->subject ? from->subject : "");
    copy->issuer = fake_pool_text(pool, from->issuer ? from->issuer : "");
    copy->protocol = fake_pool_text(pool, from->protocol ? from->protocol : "");
    return copy;
}

struct talon_http *fake_copy_http(struct fake_pool *pool, const struct talon_http *from)
{
    struct talon_http *copy = fake_pool_copy(pool, from, sizeof *from);

    copy->method = fake_pool_text(pool, from->method);
    copy->url = fake_pool_text(pool, from->url);
    copy->unix_path = fake_pool_text(pool, from->unix_path);
    copy->connect_to = fake_pool_text(pool, from->connect_to);
    copy->headers = copy_list(pool, from->headers);
    copy->body = from->body ? copy_bytes(pool, from->body, from->body_len) : NULL;
    copy->tls = fake_copy_tls(pool, from->tls);
    return copy;
}

struct talon_connect *fake_copy_connect(struct fake_pool *pool, const struct talon_connect *from)
{
    struct talon_connect *copy = fake_pool_copy(pool, from, sizeof *from);

    copy->to.host = fake_pool_text(pool, from->to.host);
    copy->to.unix_path = fake_pool_text(pool, from->to.unix_path);
    copy->tls = fake_copy_tls(pool, from->tls);
    return copy;
}

struct talon_command *fake_copy_command(struct fake_pool *pool, const struct talon_command *from)
{
    struct talon_command *copy = fake_pool_copy(pool, from, sizeof *from);

    copy->argv = copy_list(pool, from->argv);
    copy->env = copy_list(pool, from->env);
    copy->folder = fake_pool_text(pool, from->folder);
    copy->input = from->input ? copy_bytes(pool, from->input, from->input_len) : NULL;
    return copy;
}

struct talon_error fake_copy_error(struct fake_pool *pool, const struct talon_error *from)
{
    struct talon_error copy = *from;

    copy.token = from->token ? from->token : ""; /* tokens live for ever: those of a test are literals */
    copy.text = fake_pool_text(pool, from->text ? from->text : "");
    return copy;
}

struct talon_response *fake_copy_response(struct fake_pool *pool, const struct talon_response *from)
{
    struct talon_response *copy = fake_pool_copy(pool, from, sizeof *from);

    copy->size = sizeof *copy;
    copy->error = fake_copy_error(pool, &from->error);
    copy->headers = copy_pairs(pool, from->headers);
    copy->body = copy_bytes(pool, from->body, from->body_len);
    copy->peer = copy_peer(pool, from->peer);
    if (copy->http_version == 0)
        copy->http_version = 11;
    return copy;
}

struct talon_link *fake_copy_link(struct fake_pool *pool, const struct talon_link *from)
{
    struct talon_link *copy = fake_pool_copy(pool, from, sizeof *from);

    copy->size = sizeof *copy;
    copy->error = fake_copy_error(pool, &from->error);
    copy->peer = copy_peer(pool, from->peer);
    return copy;
}

struct talon_exit *fake_copy_exit(struct fake_pool *pool, const struct talon_exit *from)
{
    struct talon_exit *copy = fake_pool_copy(pool, from, sizeof *from);

    copy->size = sizeof *copy;
    copy->error = fake_copy_error(pool, &from->error);
    copy->out = copy_bytes(pool, from->out, from->out_len);
    copy->err = copy_bytes(pool, from->err, from->err_len);
    return copy;
}
