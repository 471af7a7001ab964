/* The options of `http`, what their types cannot say about them, and the header lines that they make. */
#include "http.h"

#include "kit/expect.h"
#include "kit/json.h"

static const struct talon_option tls_fields[] = {
    { .name = "ca",
      TALON_PEM_AT(struct http_tls, ca),
      .help = "Authorities to trust, as PEM text or a file of it; the system's unless given." },
    { .name = "cert", TALON_PEM_AT(struct http_tls, cert), .help = "Client certificate, as PEM text or a file of it." },
    { .name = "key",
      TALON_PEM_AT(struct http_tls, key),
      .flags = TALON_SECRET,
      .help = "Key of the client certificate, of any type, as PEM text or a file of it." },
    { .name = "server_name",
      TALON_STRING_AT(struct http_tls, server_name),
      .help = "Name to ask for and to verify; the URL's host unless given." },
    { .name = "insecure",
      TALON_BOOL_AT(struct http_tls, insecure),
      .help = "Accept any certificate; what is wrong with it is still reported." },
    { .name = NULL },
};

static const char *const http2_choices[] = { "auto", "prior", "off", NULL };

/* What check and action have in common. */
#define PLACE_OPTIONS                                                                                                                                          \
    { .name = "url", TALON_STRING_AT(struct http_conf, url), .flags = TALON_REQUIRED, .help = "What to fetch." },                                              \
    { .name = "unix",                                                                                                                                          \
      TALON_PATH_AT(struct http_conf, unix_path),                                                                                                              \
      .help = "Connect to this socket whatever the URL's host is." },                                                                                          \
    { .name = "connect_to",                                                                                                                                    \
      TALON_STRING_AT(struct http_conf, connect_to),                                                                                                           \
      .help = "Connect to this HOST:PORT, but ask for the URL's name." }

#define MESSAGE_OPTIONS                                                                                                                                        \
    { .name = "headers",                                                                                                                                       \
      TALON_MAP_AT(struct http_conf, headers),                                                                                                                 \
      .flags = TALON_SECRET,                                                                                                                                   \
      .help = "Headers to send, by name." },                                                                                                                   \
    { .name = "body", TALON_STRING_AT(struct http_conf, body), .flags = TALON_SECRET, .help = "Body to send." },                                               \
    { .name = "user", TALON_STRING_AT(struct http_conf, user), .help = "User of basic authentication." },                                                      \
    { .name = "password",                                                                                                                                      \
      TALON_STRING_AT(struct http_conf, password),                                                                                                             \
      .flags = TALON_SECRET,                                                                                                                                   \
      .help = "Password of basic authentication." },                                                                                                           \
    { .name = "bearer",                                                                                                                                        \
      TALON_STRING_AT(struct http_conf, bearer),                                                                                                               \
      .flags = TALON_SECRET,                                                                                                                                   \
      .help = "Token to send as `Authorization: Bearer`." },                                                                                                   \
    { .name = "expect_status",                                                                                                                                 \
      TALON_LIST_AT(struct http_conf, expect_status),                                                                                                          \
      .help =                                                                                                                                                  \
          "Status codes that are good: `200`, `2xx` or `200-399`; `2xx` unless given, and then a 401, which refuses "                                          \
          "our credentials, makes the check unknown." },                                                                                                       \
    { .name = "expect_body",                                                                                                                                   \
      TALON_PATTERN_AT(struct http_conf, expect_body),                                                                                                         \
      .help = "Regular expression that must be found in the body." },                                                                                          \
    { .name = "expect_json",                                                                                                                                   \
      TALON_MAP_AT(struct http_conf, expect_json),                                                                                                             \
      .help = "Values in the JSON body by their path (`status`, `checks.0.ok`), numbers compared by value." },                                                 \
    { .name = "expect_header",                                                                                                                                 \
      TALON_MAP_AT(struct http_conf, expect_header),                                                                                                           \
      .help = "Regular expressions that a header's value must match, by header name; `^$`: it is empty or missing." }

#define EXCHANGE_OPTIONS                                                                                                                                       \
    { .name = "follow",                                                                                                                                        \
      TALON_INT_AT(struct http_conf, follow),                                                                                                                  \
      .max = 20,                                                                                                                                               \
      .fallback = "0",                                                                                                                                         \
      .help = "How many redirects to follow; credentials, headers and body never go to another origin." },                                                     \
    { .name = "max_body",                                                                                                                                      \
      TALON_SIZE_AT(struct http_conf, max_body),                                                                                                               \
      .min = 1,                                                                                                                                                \
      .max = 8 << 20,                                                                                                                                          \
      .fallback = "1MiB",                                                                                                                                      \
      .help = "A larger body is a failure." },                                                                                                                 \
    { .name = "http2",                                                                                                                                         \
      TALON_ENUM_AT(struct http_conf, http2),                                                                                                                  \
      .choices = http2_choices,                                                                                                                                \
      .fallback = "auto",                                                                                                                                      \
      .help = "HTTP/2 where the server offers it (auto), always (prior), or never (off)." },                                                                   \
    { .name = "tls", TALON_GROUP_AT(struct http_conf, tls), .fields = tls_fields, .help = "TLS settings, for https." }

const struct talon_option http_options[] = {
    PLACE_OPTIONS,
    { .name = "method", TALON_STRING_AT(struct http_conf, method), .fallback = "GET", .help = "Request method." },
    MESSAGE_OPTIONS,
    { .name = "starting_body",
      TALON_PATTERN_AT(struct http_conf, starting_body),
      .help = "Where this regular expression is found in the body of an answer that is not good, the server is starting." },
    EXCHANGE_OPTIONS,
    { .name = "keep",
      TALON_BOOL_AT(struct http_conf, keep),
      .help = "Hold the connection between checks; otherwise each check proves that a new one can be made." },
    { .name = "warn_expiry",
      TALON_DURATION_AT(struct http_conf, warn_expiry),
      .fallback = "14d",
      .help = "Warn when a certificate of the server's chain expires within this time; 0: never." },
    { .name = "warn_after",
      TALON_DURATION_AT(struct http_conf, warn_after),
      .help = "An answer that takes so long is a warning; 0: never." },
    { .name = NULL },
};

static const char *const impacts[] = { "observe", "restart", "disruptive", "destructive", NULL };

const struct talon_option http_request_options[] = {
    PLACE_OPTIONS,
    { .name = "method", TALON_STRING_AT(struct http_conf, method), .fallback = "POST", .help = "Request method." },
    MESSAGE_OPTIONS,
    EXCHANGE_OPTIONS,
    { .name = "impact",
      TALON_ENUM_AT(struct http_conf, impact),
      .choices = impacts,
      .fallback = "restart",
      .help = "How much the request can hurt: nothing (observe), one service (restart), others too (disruptive), data (destructive, never done by itself)." },
    { .name = NULL },
};

const struct talon_metric http_metrics[] = {
    { .name = "time", .unit = "s", .help = "The whole exchange." },
    { .name = "resolve_time", .unit = "s", .help = "From the start until the name was resolved." },
    { .name = "connect_time", .unit = "s", .help = "From the start until a new connection stood." },
    { .name = "tls_time", .unit = "s", .help = "From the start until the TLS handshake of a new connection was done." },
    { .name = "first_byte_time", .unit = "s", .help = "From the start until the first byte of the answer." },
    { .name = "size", .unit = "B", .help = "Size of the body." },
    { .name = "status", .unit = "", .help = "Status code of the answer." },
    { .name = "cert_expires_in", .unit = "s", .help = "Until the first certificate of the server's chain expires." },
    { .name = NULL },
};

/* ---- what types cannot say ---- */

__attribute__((format(printf, 3, 4))) static int bad(struct talon_problem *problem, const char *option,
                                                     const char *format, ...)
{
    va_list ap;

    va_start(ap, format);
    vsnprintf(problem->text, sizeof problem->text, format, ap);
    va_end(ap);
    problem->option = option;
    return 1;
}

static int is_token(const char *text)
{
    static const char allowed[] = "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";

    return *text && text[strspn(text, allowed)] == '\0';
}

static int has_control(const char *text)
{
    for (; *text; text++)
        if ((unsigned char)*text < ' ' || *text == 0x7f)
            return 1;
    return 0;
}

static int same_word(const char *a, const char *b, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if ((a[i] | 0x20) != (b[i] | 0x20))
            return 0;
    return 1;
}

static int is_https(const char *url)
{
    return strlen(url) > 8 && same_word(url, "https://", 8);
}

/* Decimal digits of a port up to the end of the text. */
static int is_port(const char *text, size_t n)
{
    unsigned port = 0;

    if (n == 0 || n > 5)
        return 0;
    for (size_t i = 0; i < n; i++) {
        if (text[i] < '0' || text[i] > '9')
            return 0;
        port = port * 10 + (unsigned)(text[i] - '0');
    }
    return port > 0 && port < 65536;
}

/* HOST, HOST:PORT, [V6] or [V6]:PORT in n characters; returns where the port starts (n: there is none), 0: it is none
 * of them. */
static size_t read_authority(const char *text, size_t n)
{
    const char *end = *text == '[' ? memchr(text, ']', n) : NULL;
    const char *colon = end ? end + 1 : memchr(text, ':', n);

    if (n == 0 || (*text == '[' && (!end || end == text + 1)) || colon == text)
        return 0;
    if (!colon || colon == text + n)
        return n;
    return *colon == ':' && is_port(colon + 1, (size_t)(text + n - colon) - 1) ? (size_t)(colon - text) + 1 : 0;
}

static int validate_url(const struct http_conf *conf, struct talon_problem *problem)
{
    const char *url = conf->url, *host = strstr(url, "://");
    size_t n;

    if (!is_https(url) && !(strlen(url) > 7 && same_word(url, "http://", 7)))
        return bad(problem, "url", "must start with http:// or https://");
    host += 3;
    n = strcspn(host, "/?#");
    if (memchr(host, '@', n))
        return bad(problem, "url", "must not hold credentials: use `user` and `password`");
    if (has_control(url) || strchr(url, ' '))
        return bad(problem, "url", "must not hold spaces or control characters: write a space as %%20");
    if (read_authority(host, n) == 0)
        return bad(problem, "url", "needs a host, and after it at most a port of 1 to 65535: http://HOST:PORT/PATH");
    if (conf->unix_path && conf->connect_to)
        return bad(problem, "connect_to", "`unix` says already where to connect");
    n = conf->connect_to ? strlen(conf->connect_to) : 1;
    if (conf->connect_to && (read_authority(conf->connect_to, n) == 0 || read_authority(conf->connect_to, n) == n))
        return bad(problem, "connect_to", "must be HOST:PORT");
    return 0;
}

static int validate_request(const struct http_conf *conf, struct talon_problem *problem)
{
    const struct talon_pair *header;

    if (!is_token(conf->method) || strlen(conf->method) > 32 || strcmp(conf->method, "CONNECT") == 0)
        return bad(problem, "method", "is no request method: write GET, HEAD, POST, PUT or another word");
    if (strcmp(conf->method, "HEAD") == 0 && (conf->expect_body || conf->expect_json))
        return bad(problem, conf->expect_body ? "expect_body" : "expect_json", "an answer to HEAD has no body");
    for (header = conf->headers; header && header->name; header++) {
        if (!is_token(header->name))
            return bad(problem, "headers", "\"%.60s\" is no header name", header->name);
        if (has_control(header->value))
            return bad(problem, "headers", "the value of %.60s holds a line break or another control character",
                       header->name);
    }
    return 0;
}

static int validate_credentials(const struct http_conf *conf, struct talon_problem *problem)
{
    if (conf->user && !conf->password)
        return bad(problem, "user", "needs a `password` beside it");
    if (conf->password && !conf->user)
        return bad(problem, "password", "needs a `user` beside it");
    if (conf->bearer && conf->user)
        return bad(problem, "bearer", "and `user` cannot both be sent: keep one of them");
    if ((conf->bearer || conf->user) && talon_header(conf->headers, "Authorization"))
        return bad(problem, "headers", "sets Authorization, which `%s` does already", conf->user ? "user" : "bearer");
    if (conf->user && (strchr(conf->user, ':') || has_control(conf->user)))
        return bad(problem, "user", "must not hold a colon or control characters");
    if (conf->bearer && has_control(conf->bearer))
        return bad(problem, "bearer", "must not hold control characters");
    return 0;
}

static int validate_tls(const struct http_conf *conf, struct talon_problem *problem)
{
    const struct http_tls *tls = &conf->tls;
    const char *given = tls->ca            ? "tls.ca"
                        : tls->cert        ? "tls.cert"
                        : tls->key         ? "tls.key"
                        : tls->server_name ? "tls.server_name"
                        : tls->insecure    ? "tls.insecure"
                                           : NULL;

    if (given && !is_https(conf->url) && conf->follow == 0)
        return bad(problem, given, "has no effect on http://: write https://");
    if (!tls->cert != !tls->key)
        return bad(problem, tls->cert ? "tls.cert" : "tls.key",
                   "`cert` and `key` go together: give both (one file may hold both and be named twice)");
    return 0;
}

static int validate_expectations(const struct http_conf *conf, struct talon_problem *problem)
{
    const char *const *status;
    const struct talon_pair *pair;
    char why[160];

    for (status = conf->expect_status; status && *status; status++)
        if (!expect_status_is_pattern(*status))
            return bad(problem, "expect_status", "\"%.40s\" is no status: write 200, 2xx or 200-399", *status);
    for (pair = conf->expect_json; pair && pair->name; pair++)
        if (!json_is_path(pair->name))
            return bad(problem, "expect_json",
                       "\"%.80s\" is no path: write names and indexes with dots between, as checks.0.ok", pair->name);
    return expect_headers_are_good(conf->expect_header, why, sizeof why) ? 0 : bad(problem, "expect_header", "%s", why);
}

int http_validate(const void *options, struct talon_problem *problem)
{
    const struct http_conf *conf = options;

    return validate_url(conf, problem) || validate_request(conf, problem) || validate_credentials(conf, problem) ||
           validate_tls(conf, problem) || validate_expectations(conf, problem);
}

/* ---- header lines ---- */

static const char *base64(struct talon_run *owner, const char *text)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const unsigned char *in = (const unsigned char *)text;
    size_t n = strlen(text), used = 0;
    char *out = owner->host->alloc(owner, (n + 2) / 3 * 4 + 1);

    for (size_t i = 0; i < n; i += 3) {
        const uint32_t group =
            (uint32_t)in[i] << 16 | (i + 1 < n ? (uint32_t)in[i + 1] << 8 : 0) | (i + 2 < n ? in[i + 2] : 0u);

        out[used++] = digits[group >> 18];
        out[used++] = digits[group >> 12 & 63];
        out[used++] = i + 1 < n ? digits[group >> 6 & 63] : '=';
        out[used++] = i + 2 < n ? digits[group & 63] : '=';
    }
    return out;
}

const char *const *http_lines(struct talon_run *instance)
{
    const struct http_conf *conf = instance->conf;
    const struct talon_pair *header;
    const char **lines;
    size_t n = 0;

    for (header = conf->headers; header && header->name; header++)
        n++;
    if (n == 0 && !conf->user && !conf->bearer)
        return NULL;
    lines = instance->host->alloc(instance, (n + 2) * sizeof *lines);
    n = 0;
    for (header = conf->headers; header && header->name; header++)
        lines[n++] = talon_text(instance, "%s: %s", header->name, header->value);
    if (conf->user)
        lines[n++] = talon_text(instance, "Authorization: Basic %s",
                                base64(instance, talon_text(instance, "%s:%s", conf->user, conf->password)));
    else if (conf->bearer)
        lines[n++] = talon_text(instance, "Authorization: Bearer %s", conf->bearer);
    return lines;
}
