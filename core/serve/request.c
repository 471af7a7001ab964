/*
 * Reads and judges a request: see request.h.
 *
 * The library parses leniently: it takes two Host headers, control characters and names with blanks, and before its version 1.0 it ends a value at a NUL byte
 * and hides the rest. So every byte of the head is looked at again here. What is hidden shows as a gap: in those versions the parts of a head stand one
 * behind another in the buffer that was read into (folded lines leave a gap as well, and RFC 9112, 5.2 wants those refused).
 */
#include "serve/request.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>
#include <strings.h>

static const struct {
    const char *path;
    enum route route;
} routes[] = {
    { "/health", ROUTE_HEALTH },
    { "/healthz", ROUTE_HEALTHZ },
    { "/readyz", ROUTE_READYZ },
    { "/metrics", ROUTE_METRICS },
    { "/api/v1/status", ROUTE_STATUS },
    { "/api/v1/services", ROUTE_SERVICES },
    { "/api/v1/checks", ROUTE_CHECKS },
    { "/api/v1/incidents", ROUTE_INCIDENTS },
    { "/api/v1/limits", ROUTE_LIMITS },
    { "/api/v1/heal", ROUTE_HEAL },
    { "/api/v1/why", ROUTE_WHY },
    { "/api/v1/history", ROUTE_HISTORY },
    { "/api/v1/uptime", ROUTE_UPTIME },
    { "/", ROUTE_PAGE },
};

/* ---- hosts */

static bool is_text(const char *text, const char *other, size_t n)
{
    return strlen(text) == n && strncasecmp(text, other, n) == 0;
}

static bool is_bracketed(const char *name, size_t n)
{
    return n >= 2 && name[0] == '[' && name[n - 1] == ']';
}

/* An IPv6 address may be listed with its brackets or without. */
static bool is_listed(const char *name, size_t n, const char *const *allow_hosts)
{
    for (; allow_hosts && *allow_hosts; allow_hosts++)
        if (is_text(*allow_hosts, name, n) || (is_bracketed(name, n) && is_text(*allow_hosts, name + 1, n - 2)))
            return true;
    return false;
}

static bool is_loopback(const char *name, size_t n)
{
    char text[INET6_ADDRSTRLEN];
    struct in_addr v4;
    struct in6_addr v6;

    if (is_text("localhost", name, n))
        return true;
    if (is_bracketed(name, n) && n - 2 < sizeof text) {
        memcpy(text, name + 1, n - 2);
        text[n - 2] = '\0';
        return inet_pton(AF_INET6, text, &v6) == 1 && IN6_IS_ADDR_LOOPBACK(&v6);
    }
    if (n >= sizeof text)
        return false;
    memcpy(text, name, n);
    text[n] = '\0';
    return inet_pton(AF_INET, text, &v4) == 1 && ntohl(v4.s_addr) >> 24 == 127;
}

bool request_host_is_ours(const char *authority, size_t n, const char *const *allow_hosts)
{
    const char *bracket = n > 0 && authority[0] == '[' ? memchr(authority, ']', n) : NULL;
    const char *colon = bracket ? bracket + 1 : memchr(authority, ':', n);
    size_t name = colon ? (size_t)(colon - authority) : n;

    /* What follows the name is a port or nothing: "localhost:80@evil.example" has another host than its beginning says */
    for (size_t i = name; i < n; i++)
        if (i == name ? authority[i] != ':' : authority[i] < '0' || authority[i] > '9')
            return false;
    return is_loopback(authority, name) || is_listed(authority, name, allow_hosts);
}

/* ---- the target */

static bool has_controls(const char *text, bool blanks_too)
{
    for (; *text; text++) {
        unsigned char c = (unsigned char)*text;

        if (c == 0x7F || (c < 0x20 && (blanks_too || c != '\t')) || (blanks_too && c == ' '))
            return true;
    }
    return false;
}

/* /api/v1/incidents/7 */
static bool is_incident(struct request *request, const char *path, size_t n)
{
    static const char before[] = "/api/v1/incidents/";
    const size_t skip = sizeof before - 1;

    if (n <= skip || n - skip >= 19 || memcmp(path, before, skip) != 0 || strspn(path + skip, "0123456789") < n - skip)
        return false;
    memcpy(request->name, path + skip, n - skip);
    return true;
}

static void keep_query(struct request *request, const char *path)
{
    const char *query = strchr(path, '?');
    const size_t n = query ? strcspn(query + 1, "#") : 0;

    request->query_cut = n >= sizeof request->query;
    if (n > 0)
        memcpy(request->query, query + 1, request->query_cut ? sizeof request->query - 1 : n); /* the rest is zero */
}

static enum route route_of(const char *path, size_t n)
{
    for (size_t i = 0; i < sizeof routes / sizeof *routes; i++)
        if (strlen(routes[i].path) == n && memcmp(routes[i].path, path, n) == 0)
            return routes[i].route;
    return ROUTE_NONE;
}

void request_begin(struct request *request, const char *target, const char *const *allow_hosts)
{
    static const char scheme[] = "http://";
    const char *path = target;
    size_t n;

    *request = (struct request){ .end = target + strlen(target), .malformed = target[0] == '\0' || has_controls(target, true) };
    if (strncasecmp(target, scheme, sizeof scheme - 1) == 0) {
        target += sizeof scheme - 1;
        n = strcspn(target, "/?#");
        request->absolute = true;
        request->own_host_good = request_host_is_ours(target, n, allow_hosts);
        path = target[n] == '/' ? target + n : "/";
    } else if (target[0] != '/' && strstr(target, "://")) {
        request->absolute = true; /* of a scheme that is not served */
    }
    request->route = route_of(path, strcspn(path, "?"));
    if (request->route == ROUTE_NONE && is_incident(request, path, strcspn(path, "?")))
        request->route = ROUTE_INCIDENT;
    keep_query(request, path);
}

/* ---- Accept (RFC 9110, 12.5.1) */

/* The value of a parameter among ";q=0.5; version=1.0.0", without an opening quote; NULL: it is not there. */
static const char *parameter(const char *parameters, size_t n, const char *name)
{
    const size_t size = strlen(name);

    for (const char *p = parameters, *end = parameters + n; p < end; p++) {
        if (*p != ';')
            continue;
        for (p++; p < end && (*p == ' ' || *p == '\t'); p++)
            continue;
        if ((size_t)(end - p) > size + 1 && strncasecmp(p, name, size) == 0 && p[size] == '=')
            return p + size + 1 + (p[size + 1] == '"');
        p--; /* this may be the next one's semicolon */
    }
    return NULL;
}

/* The quality of a range in thousandths. */
static unsigned quality_of(const char *parameters, size_t n)
{
    const char *q = parameter(parameters, n, "q"), *end = parameters + n;
    unsigned thousandths = 0;

    if (!q || *q != '0')
        return 1000;
    if (++q == end || *q != '.')
        return 0;
    for (unsigned digit = 100; ++q < end && *q >= '0' && *q <= '9'; digit /= 10)
        thousandths += (unsigned)(*q - '0') * digit;
    return thousandths;
}

/* Has it no version, or a first one? */
static bool is_version_one(const char *parameters, size_t n)
{
    const char *version = parameter(parameters, n, "version");

    return !version || *version == '1';
}

bool request_wants_openmetrics(const char *accept)
{
    unsigned openmetrics = 0, text = 0, precise = 0;

    while (accept && *accept) {
        size_t all = strcspn(accept, ","), blank = strspn(accept, " \t"), n;
        const char *range = accept + (blank < all ? blank : all), *end = accept + all;
        unsigned quality, precision;

        n = strcspn(range, ",; \t");
        quality = quality_of(range + n, (size_t)(end - range) - n);
        precision = is_text("text/plain", range, n) ? 3 : is_text("text/*", range, n) ? 2 : is_text("*/*", range, n) ? 1 : 0;
        if (is_text("application/openmetrics-text", range, n) && is_version_one(range + n, (size_t)(end - range) - n) && quality > openmetrics)
            openmetrics = quality;
        if (precision > precise || (precision > 0 && precision == precise && quality > text)) {
            precise = precision;
            text = quality;
        }
        accept = end + (*end == ',');
    }
    return openmetrics > 0 && openmetrics >= text;
}

/* ---- headers */

struct head {
    const char *const *allow_hosts;
    struct request *request;
    const char *end;              /* of what was looked at last; NULL: the library needs no looking after */
    unsigned hosts, lengths, encodings;
    bool bad, host_good;
};

static bool is_name(const char *name, size_t n)
{
    static const char others[] = "!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"; /* RFC 9110, 5.6.2 */

    return n > 0 && strspn(name, others) == n;
}

/* Was nothing skipped between the end of a part and the next one but the end of a line? */
static bool follows(const char *end, const char *next)
{
    uintptr_t gap = (uintptr_t)next - (uintptr_t)end;

    return gap == 1 || gap == 2; /* LF, CRLF; both are NULs by now */
}

static void judge_host(struct head *head, const char *value, size_t n)
{
    while (n > 0 && (value[n - 1] == ' ' || value[n - 1] == '\t'))
        n--;
    head->hosts++;
    head->host_good = request_host_is_ours(value, n, head->allow_hosts);
}

static enum MHD_Result on_header(void *arg, enum MHD_ValueKind kind, const char *name, const char *value)
{
    struct head *head = arg;
    size_t name_size = strlen(name);

    (void)kind;
    if (!value)
        value = "";
    if (!is_name(name, name_size) || has_controls(value, false))
        head->bad = true;
    if (head->end) {
        head->bad = head->bad || !follows(head->end, name);
        head->end = value + strlen(value);
    }
    if (strcasecmp(name, MHD_HTTP_HEADER_HOST) == 0)
        judge_host(head, value, strlen(value));
    else if (strcasecmp(name, MHD_HTTP_HEADER_CONTENT_LENGTH) == 0)
        head->lengths++;
    else if (strcasecmp(name, MHD_HTTP_HEADER_TRANSFER_ENCODING) == 0)
        head->encodings++;
    else if (strcasecmp(name, MHD_HTTP_HEADER_EXPECT) == 0)
        head->request->expects = true;
    else if (strcasecmp(name, MHD_HTTP_HEADER_ACCEPT) == 0 && head->request->route == ROUTE_METRICS)
        head->request->openmetrics = head->request->openmetrics || request_wants_openmetrics(value);
    return MHD_YES;
}

/* ---- the body: refused in what is ambiguous (two lengths, a length and an encoding), bounded in what is ignored */

static bool body_is_large(struct MHD_Connection *connection)
{
    const char *length = MHD_lookup_connection_value(connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_CONTENT_LENGTH);
    uint64_t n = 0;

    for (; length && *length >= '0' && *length <= '9' && n <= REQUEST_BODY_MAX; length++)
        n = n * 10 + (uint64_t)(*length - '0');
    return n > REQUEST_BODY_MAX;
}

static bool has_body(struct MHD_Connection *connection, const struct head *head)
{
    const char *length = MHD_lookup_connection_value(connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_CONTENT_LENGTH);

    return head->encodings > 0 || (length && strspn(length, "0") != strlen(length));
}

static bool encoding_is_chunked(struct MHD_Connection *connection)
{
    const char *encoding = MHD_lookup_connection_value(connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_TRANSFER_ENCODING);

    return encoding && strcasecmp(encoding, "chunked") == 0;
}

static bool body_is_ambiguous(struct MHD_Connection *connection, const struct head *head)
{
    return head->lengths + head->encodings > 1 || (head->encodings == 1 && !encoding_is_chunked(connection));
}

/* ---- all of it */

static enum judgement host_of(const struct request *request, const struct head *head, const char *version)
{
    if (head->hosts > 1)
        return REQUEST_TWO_HOSTS;
    if (head->hosts == 0 && strcmp(version, MHD_HTTP_VERSION_1_0) != 0)
        return REQUEST_NO_HOST;
    if (request->absolute)
        return request->own_host_good ? REQUEST_GOOD : REQUEST_MISDIRECTED;
    return head->hosts == 0 || head->host_good ? REQUEST_GOOD : REQUEST_MISDIRECTED;
}

static enum judgement judge(const struct request *request, struct MHD_Connection *connection, const struct head *head, const char *method, const char *version)
{
    enum judgement host = host_of(request, head, version);

    if (request->bytes > REQUEST_HEAD_MAX)
        return REQUEST_LARGE_HEAD;
    if (request->malformed || head->bad || body_is_ambiguous(connection, head))
        return REQUEST_BAD;
    if (host != REQUEST_GOOD)
        return host;
    if (strcmp(method, MHD_HTTP_METHOD_GET) != 0 && strcmp(method, MHD_HTTP_METHOD_HEAD) != 0)
        return REQUEST_METHOD;
    if (request->large_body)
        return REQUEST_LARGE_BODY;
    return request->route == ROUTE_NONE ? REQUEST_UNKNOWN_PATH : REQUEST_GOOD;
}

static bool hides_bytes(void)
{
    return MHD_get_version()[0] == '0';
}

void request_judge(struct request *request, struct MHD_Connection *connection, const char *method, const char *version, const char *const *allow_hosts)
{
    const union MHD_ConnectionInfo *size = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE);
    struct head head = { .allow_hosts = allow_hosts, .request = request };

    request->judged = true;
    request->bytes = size ? size->header_size : 0;
    if (hides_bytes()) {
        head.bad = request->end + 1 != version;
        head.end = version + strlen(version);
    }
    MHD_get_connection_values(connection, MHD_HEADER_KIND, on_header, &head);
    if (head.end) { /* the end of the last line, and the empty one */
        uintptr_t left = (uintptr_t)method + request->bytes - (uintptr_t)head.end;

        head.bad = head.bad || left < 2 || left > 4;
    }
    request->has_body = has_body(connection, &head);
    request->large_body = body_is_large(connection);
    request->judgement = judge(request, connection, &head, method, version);
}
