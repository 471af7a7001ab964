/* Calls over gRPC, see grpc.h: a message in a frame of five bytes, and a status behind the answer. */
#include "grpc.h"

enum { FRAME = 5, MOST_ANSWER = 1 << 20, MOST_METADATA = 32, WORDS = 200 };

const char *grpc_where(struct talon_run *owner, const struct talon_address *address)
{
    if (address->unix_path)
        return talon_text(owner, "unix:%s", address->unix_path);
    return talon_text(owner, strchr(address->host, ':') ? "[%s]:%u" : "%s:%u", address->host, address->port);
}

const char *grpc_status_name(uint32_t status)
{
    static const char *const names[] = { "OK",           "CANCELLED",          "UNKNOWN",  "INVALID_ARGUMENT", "DEADLINE_EXCEEDED", "NOT_FOUND",
                                         "ALREADY_EXISTS", "PERMISSION_DENIED", "RESOURCE_EXHAUSTED", "FAILED_PRECONDITION", "ABORTED", "OUT_OF_RANGE",
                                         "UNIMPLEMENTED", "INTERNAL", "UNAVAILABLE", "DATA_LOSS", "UNAUTHENTICATED" };

    return status < sizeof names / sizeof *names ? names[status] : "a status that gRPC does not know";
}

/* ---- the question */

/* Milliseconds, at most eight digits. */
static const char *timeout(struct talon_run *run)
{
    const uint64_t ms = talon_left_ns(run) / 1000000;

    return talon_text(run, "grpc-timeout: %llum", (unsigned long long)(ms > 99999999 ? 99999999 : ms));
}

static const void *frame(struct talon_run *run, const void *message, size_t n)
{
    uint8_t *framed = run->host->alloc(run, FRAME + n);

    for (int i = 0; i < 4; i++)
        framed[1 + i] = (uint8_t)(n >> (24 - 8 * i));
    if (n > 0)
        memcpy(framed + FRAME, message, n);
    return framed;
}

void grpc_call(struct talon_run *run, const struct grpc_target *target, const char *method, const void *message, size_t n, talon_http_fn *got, void *arg)
{
    const struct talon_address *to = &target->address;
    const char *lines[MOST_METADATA + 5] = { "Content-Type: application/grpc", "TE: trailers", "User-Agent: grpc-talon/1.0", timeout(run) };
    const char *host = to->unix_path ? "localhost" : grpc_where(run, to);
    size_t at = 4;

    for (const char *const *line = target->metadata; line && *line && at < MOST_METADATA + 4; line++)
        lines[at++] = *line;
    run->host->http(run,
                    TALON_REQUEST(talon_http, .flags = TALON_HTTP_2, .method = "POST",
                                  .url = talon_text(run, "http%s://%s%s", target->tls ? "s" : "", host, method), .unix_path = to->unix_path, .headers = lines,
                                  .body = frame(run, message, n), .body_len = FRAME + n, .tls = target->tls, .max_body = MOST_ANSWER),
                    got, arg);
}

/* ---- the answer */

/* Did the peer turn down the certificate that we showed, or that we did not? The host tells alerts in OpenSSL's words. */
static int refuses_certificate(const struct talon_error *error)
{
    static const char *const alerts[] = { "certificate", "unknown CA", "access denied", "decrypt error" };

    if (error->code != TALON_E_TLS || !strstr(error->text, "alert"))
        return 0;
    for (size_t i = 0; i < sizeof alerts / sizeof *alerts; i++)
        if (strstr(error->text, alerts[i]))
            return 1;
    return 0;
}

static void no_answer(struct talon_run *run, const char *where, const struct talon_error *error)
{
    if (refuses_certificate(error))
        talon_done(run, TALON_UNKNOWN, "auth.rejected", "%s does not accept our certificate: %s", where, error->text);
    else if (error->code == TALON_E_TIMEOUT)
        talon_done(run, TALON_FAIL, error->token, "%s does not answer the call: %s", where, error->text);
    else
        talon_failed(run, error, "cannot call %s", where);
}

static int hex(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : (c | 0x20) >= 'a' && (c | 0x20) <= 'f' ? (c | 0x20) - 'a' + 10 : -1;
}

/* grpc-message has its odd bytes as %XX. */
static const char *words(struct talon_run *run, const char *encoded)
{
    const size_t length = encoded ? strlen(encoded) : 0;
    char *plain = run->host->alloc(run, length + 1);
    size_t n = 0;

    for (size_t i = 0; i < length; i++) {
        const int high = encoded[i] == '%' && i + 2 < length ? hex(encoded[i + 1]) : -1, low = high >= 0 ? hex(encoded[i + 2]) : -1;

        plain[n++] = low >= 0 ? (char)(high * 16 + low) : encoded[i];
        i += low >= 0 ? 2 : 0;
    }
    return talon_quote(run, plain, n, WORDS);
}

static int read_status(const char *text, uint32_t *status)
{
    *status = 0;
    if (!*text || strlen(text) > 4)
        return 0;
    for (; *text; text++) {
        if (*text < '0' || *text > '9')
            return 0;
        *status = *status * 10 + (uint32_t)(*text - '0');
    }
    return 1;
}

/* The one message of an answer. NULL: it is there whole; else what is wrong. */
static const char *unframe(const struct talon_response *got, struct grpc_answer *answer)
{
    const uint8_t *body = got->body;
    size_t n;

    if (got->body_len < FRAME)
        return "the answer holds no message";
    n = (size_t)body[1] << 24 | (size_t)body[2] << 16 | (size_t)body[3] << 8 | body[4];
    if (body[0] == 1)
        return "the answer is compressed, which nobody asked for";
    if (body[0] != 0 || n != got->body_len - FRAME)
        return n > got->body_len - FRAME ? "the message of the answer is cut short" : "the answer is more than one message";
    answer->message = body + FRAME;
    answer->n = n;
    return NULL;
}

static void no_grpc(struct talon_run *run, const char *where, const struct talon_response *got)
{
    const int refused = got->status == 401 || got->status == 403;

    talon_done(run, refused ? TALON_UNKNOWN : TALON_FAIL, refused ? "auth.rejected" : got->status == 200 ? "protocol.bad" : "http.status",
               "%s answers with HTTP %u and no gRPC: \"%s\"", where, got->status, talon_quote(run, got->body, got->body_len, 80));
}

int grpc_read(struct talon_run *run, const char *where, const struct talon_response *got, struct grpc_answer *answer)
{
    const char *type = talon_header(got->headers, "content-type"), *status = talon_header(got->headers, "grpc-status"), *problem;

    *answer = (struct grpc_answer){ .words = "" };
    if (got->error.code) {
        no_answer(run, where, &got->error);
    } else if (got->status != 200 || !type || strncmp(type, "application/grpc", 16) != 0) {
        no_grpc(run, where, got);
    } else if (!status) {
        talon_done(run, TALON_FAIL, "protocol.short", "%s ended its answer without a status", where);
    } else if (!read_status(status, &answer->status)) {
        talon_done(run, TALON_FAIL, "protocol.bad", "%s answers with the status \"%s\", which is none", where, talon_quote(run, status, strlen(status), 40));
    } else if (answer->status != GRPC_OK) {
        answer->words = words(run, talon_header(got->headers, "grpc-message"));
        return 1;
    } else if ((problem = unframe(got, answer)) != NULL) {
        talon_done(run, TALON_FAIL, "protocol.bad", "%s does not speak gRPC well: %s", where, problem);
    } else {
        return 1;
    }
    return 0;
}

void grpc_refused(struct talon_run *run, const char *where, const struct grpc_answer *answer)
{
    const char *name = grpc_status_name(answer->status), *colon = *answer->words ? ": " : "";

    switch (answer->status) {
    case GRPC_PERMISSION_DENIED:
    case GRPC_UNAUTHENTICATED:
        talon_done(run, TALON_UNKNOWN, "auth.rejected", "%s refuses us the call (%s)%s%s", where, name, colon, answer->words);
        break;
    case GRPC_UNIMPLEMENTED:
        talon_done(run, TALON_UNKNOWN, "grpc.unimplemented", "%s knows no such call (%s)%s%s", where, name, colon, answer->words);
        break;
    case GRPC_DEADLINE_EXCEEDED:
        talon_done(run, TALON_FAIL, "timeout", "%s did not get it done in time (%s)%s%s", where, name, colon, answer->words);
        break;
    case GRPC_UNAVAILABLE:
        talon_done(run, TALON_FAIL, "grpc.unavailable", "%s, or what it stands on, is not there (%s)%s%s", where, name, colon, answer->words);
        break;
    default:
        talon_done(run, TALON_FAIL, "grpc.error", "%s answers with %s (%u)%s%s", where, name, answer->status, colon, answer->words);
    }
}
