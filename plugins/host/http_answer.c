/*
 * What comes back: the headers in order, trailers behind them, the body collected or handed on as it comes, all within bounds. These are callbacks of
 * libcurl: they only note, and refuse with a fault by taking fewer bytes than they were given.
 */
#include "http_private.h"

#include "base/os/clock.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { MOST_REDIRECT_BODY = 64 << 10 };

/* ---- headers */

static bool too_many_headers(struct http_exchange *exchange)
{
    fault_say(&exchange->fault, TALON_E_TOO_BIG, 0, "too_big", "the answer's headers are larger than %d KiB", HTTP_MOST_HEADERS >> 10);
    return false;
}

static bool is_version_wanted(struct http_exchange *exchange, const char *line, size_t n)
{
    if (!(exchange->flags & TALON_HTTP_2) || (n > 6 && line[5] == '2'))
        return true;
    fault_say(&exchange->fault, TALON_E_PROTOCOL, 0, "protocol.bad", "it answers with HTTP/1, and HTTP/2 was asked for");
    return false;
}

/* "HTTP/1.1 200 OK": another answer begins; what came before it was an interim one. */
static bool begin_answer(struct http_exchange *exchange, const char *line, size_t n)
{
    struct answer *answer = &exchange->answer;
    const char *space = memchr(line, ' ', n);
    const size_t left = space ? (size_t)(line + n - space) : 0;

    answer->status = 0;
    for (size_t i = 1; i < left && i <= 3 && space[i] >= '0' && space[i] <= '9'; i++)
        answer->status = answer->status * 10 + (uint32_t)(space[i] - '0');
    answer->interim = answer->status >= 100 && answer->status < 200 && answer->status != 101;
    answer->n = 0;
    answer->whole = false;
    buffer_clear(&answer->heads);
    return is_version_wanted(exchange, line, n);
}

static bool make_room(struct answer *answer)
{
    const size_t room = answer->room ? answer->room * 2 : 16;
    struct head *list;

    if (answer->n < answer->room)
        return true;
    list = realloc(answer->list, room * sizeof *list);
    if (!list)
        return false;
    answer->list = list;
    answer->room = room;
    return true;
}

static void add_text(struct answer *answer, const char *bytes, size_t n)
{
    buffer_add(&answer->heads, bytes, n);
    buffer_char(&answer->heads, '\0');
}

/* A line that begins with a blank goes on with the header before it (RFC 9112 5.2). */
static void continue_header(struct answer *answer, const char *line, size_t n)
{
    if (answer->n == 0 || answer->heads.len == 0)
        return;
    answer->heads.len--;
    buffer_char(&answer->heads, ' ');
    add_text(answer, line, n);
}

static bool add_header(struct answer *answer, const char *line, size_t n)
{
    const char *colon = memchr(line, ':', n), *value = colon ? colon + 1 : NULL, *end = line + n;

    if (!colon || colon == line)
        return true; /* libcurl has let it pass: it says nothing */
    while (value < end && (*value == ' ' || *value == '\t'))
        value++;
    if (!make_room(answer))
        return false;
    answer->list[answer->n].name = answer->heads.len;
    add_text(answer, line, (size_t)(colon - line));
    answer->list[answer->n].value = answer->heads.len;
    add_text(answer, value, (size_t)(end - value));
    answer->n++;
    return true;
}

static bool take_header(struct http_exchange *exchange, const char *line, size_t n)
{
    struct answer *answer = &exchange->answer;

    answer->seen += n;
    if (answer->seen > HTTP_MOST_HEADERS)
        return too_many_headers(exchange);
    if (memchr(line, '\0', n)) {
        fault_say(&exchange->fault, TALON_E_PROTOCOL, 0, "protocol.bad", "a header of the answer holds a NUL byte");
        return false;
    }
    if (n > 5 && strncasecmp(line, "HTTP/", 5) == 0)
        return begin_answer(exchange, line, n);
    while (n > 0 && (line[n - 1] == '\r' || line[n - 1] == '\n' || line[n - 1] == ' ' || line[n - 1] == '\t'))
        n--;
    if (n == 0 || answer->interim) {
        answer->whole |= n == 0 && !answer->interim;
        return true;
    }
    if (*line == ' ' || *line == '\t') {
        size_t blanks = strspn(line, " \t");

        continue_header(answer, line + blanks, n - blanks);
    } else if (!add_header(answer, line, n)) {
        answer->heads.failed = true;
    }
    if (!answer->heads.failed)
        return true;
    fault_say(&exchange->fault, TALON_E_LOCAL, 0, "local", "no memory for the answer's headers");
    return false;
}

static bool is_unwanted(const struct http_exchange *exchange)
{
    return exchange->stage != STAGE_TRANSFER;
}

static void moved(struct http_exchange *exchange)
{
    exchange->moved++;
    if (exchange->idle_ns == 0)
        return;
    exchange->quiet_until = clock_awake() + exchange->idle_ns;
    if (exchange->armed == 0 || exchange->quiet_until < exchange->armed)
        exchange_arm(exchange);
}

size_t answer_header(char *bytes, size_t size, size_t n, void *arg)
{
    struct http_exchange *exchange = arg;

    n *= size;
    if (is_unwanted(exchange))
        return 0;
    moved(exchange);
    return take_header(exchange, bytes, n) ? n : 0;
}

/* ---- body */

/* What the answer to a redirect says is not read by anybody, but its end is waited for, so that the connection can be kept. */
static bool skip(struct http_exchange *exchange)
{
    exchange->answer.cut = exchange->answer.body_bytes > MOST_REDIRECT_BODY;
    return !exchange->answer.cut;
}

static bool too_big(struct http_exchange *exchange, const char *what)
{
    fault_say(&exchange->fault, TALON_E_TOO_BIG, 0, "too_big", "%s larger than %lu bytes", what, (unsigned long)exchange->max_body);
    return false;
}

static bool no_memory(struct http_exchange *exchange)
{
    fault_say(&exchange->fault, TALON_E_LOCAL, 0, "local", "no memory for the answer's body");
    return false;
}

static bool collect(struct http_exchange *exchange, const char *bytes, size_t n)
{
    struct buffer *body = &exchange->answer.body;

    if (n <= exchange->max_body - body->len) {
        buffer_add(body, bytes, n);
        return body->failed ? no_memory(exchange) : true;
    }
    buffer_add(body, bytes, exchange->max_body - body->len);
    return too_big(exchange, "the body is");
}

/* Offers what is there; the reader may stop the exchange in its call. */
static bool offer(struct http_exchange *exchange, const char *bytes, size_t n)
{
    struct buffer *left = &exchange->answer.body;
    size_t used;

    if (left->len > 0) {
        buffer_add(left, bytes, n);
        if (left->failed)
            return no_memory(exchange);
        used = exchange->data(exchange->arg, left->data, left->len, 0);
        buffer_consume(left, used);
    } else {
        used = exchange->data(exchange->arg, bytes, n, 0);
        if (used < n)
            buffer_add(left, bytes + used, n - used);
    }
    if (is_unwanted(exchange))
        return false;
    if (left->failed)
        return no_memory(exchange);
    return left->len <= exchange->max_body ? true : too_big(exchange, "a message in the stream is");
}

size_t answer_body(char *bytes, size_t size, size_t n, void *arg)
{
    struct http_exchange *exchange = arg;
    const uint32_t status = exchange->answer.status;
    bool good;

    n *= size;
    if (is_unwanted(exchange))
        return 0;
    moved(exchange);
    exchange->answer.body_bytes += n;
    if (redirect_follows(exchange))
        good = skip(exchange);
    else if (exchange->data && status >= 200 && status < 300)
        good = offer(exchange, bytes, n);
    else
        good = collect(exchange, bytes, n);
    return good ? n : 0;
}

/* ---- the whole */

const char *answer_find(const struct answer *answer, const char *name)
{
    for (size_t i = 0; i < answer->n; i++)
        if (strcasecmp(answer->heads.data + answer->list[i].name, name) == 0)
            return answer->heads.data + answer->list[i].value;
    return NULL;
}

struct talon_pair *answer_pairs(const struct answer *answer)
{
    struct talon_pair *pairs = malloc((answer->n + 1) * sizeof *pairs);

    if (!pairs)
        return NULL;
    for (size_t i = 0; i < answer->n; i++) {
        pairs[i].name = answer->heads.data + answer->list[i].name;
        pairs[i].value = answer->heads.data + answer->list[i].value;
    }
    pairs[answer->n] = (struct talon_pair){ NULL, NULL };
    return pairs;
}

void answer_clear(struct answer *answer)
{
    answer->status = 0;
    answer->interim = answer->whole = answer->cut = false;
    answer->n = answer->seen = 0;
    answer->body_bytes = 0;
    buffer_clear(&answer->heads);
    buffer_clear(&answer->body);
}

void answer_free(struct answer *answer)
{
    buffer_free(&answer->heads);
    buffer_free(&answer->body);
    free(answer->list);
}
