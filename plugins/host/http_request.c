/*
 * The request as the host gave it: checked, copied into one block, and spelled as libcurl wants it. What would let a value smuggle in a second header or a
 * second request is refused here, with a sentence that names the header and never shows its value.
 */
#include "http_private.h"

#include "base/text.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/un.h>

enum { MOST_LINES = 256, OWN_LINES = 4, MOST_METHOD = 32 };

static bool refuse(struct fault *fault, const char *sentence)
{
    fault_say(fault, TALON_E_LOCAL, 0, "local", "%s", sentence);
    return false;
}

/* A word of RFC 9110 5.6.2. */
static bool is_token(const char *text, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const unsigned char c = (unsigned char)text[i];

        if (c <= ' ' || c >= 0x7f || strchr("\"(),/:;<=>?@[\\]{}", c))
            return false;
    }
    return n > 0;
}

static bool has_control(const char *text)
{
    for (; *text; text++)
        if (((unsigned char)*text < ' ' && *text != '\t') || *text == 0x7f)
            return true;
    return false;
}

/* ---- where to connect */

static bool read_connect_to(struct request *request, const char *text, struct fault *fault)
{
    const char *colon = strrchr(text, ':'), *host = text;
    size_t n = colon ? (size_t)(colon - text) : 0;
    char *end = NULL;
    long port = colon && colon[1] >= '0' && colon[1] <= '9' ? strtol(colon + 1, &end, 10) : 0;

    if (n > 2 && host[0] == '[' && host[n - 1] == ']') {
        host++;
        n -= 2;
    }
    if (n == 0 || n >= sizeof request->to_host || port < 1 || port > 65535 || *end) {
        fault_say(fault, TALON_E_LOCAL, 0, "local", "connect_to \"%.100s\" is not HOST:PORT", text);
        return false;
    }
    memcpy(request->to_host, host, n);
    request->to_port = (uint16_t)port;
    return true;
}

static bool check_unix_path(const char *path, struct fault *fault)
{
    struct sockaddr_un address;

    if (strlen(path) < sizeof address.sun_path)
        return true;
    fault_say(fault, TALON_E_LOCAL, 0, "local", "the path of the unix socket is longer than the %zu bytes that the system allows: %.200s",
              sizeof address.sun_path - 1, path);
    return false;
}

/* ---- header lines */

static bool same_name(const char *line, size_t n, const char *name)
{
    return n == strlen(name) && strncasecmp(line, name, n) == 0;
}

/* "Name: value" with a checked name and value; n: of the name. */
static bool check_line(const char *line, size_t index, size_t *n, struct fault *fault)
{
    const char *colon = strchr(line, ':');

    *n = colon ? (size_t)(colon - line) : 0;
    if (!colon || !is_token(line, *n)) {
        fault_say(fault, TALON_E_LOCAL, 0, "local", "header %zu is not of the form \"Name: value\"", index + 1);
        return false;
    }
    if (!has_control(colon))
        return true;
    fault_say(fault, TALON_E_LOCAL, 0, "local", "the value of the header %.*s holds a line break or another control character", (int)*n, line);
    return false;
}

/* Headers that say where the request ends are libcurl's to write. True: drop it. */
static bool is_length(const char *line, size_t n, size_t body_len, bool *wrong)
{
    const char *value = line + n + 1;

    if (same_name(line, n, "Transfer-Encoding"))
        *wrong = true;
    if (!same_name(line, n, "Content-Length"))
        return false;
    value += strspn(value, " \t");
    *wrong = *value < '0' || *value > '9' || strtoull(value, NULL, 10) != body_len;
    return true;
}

static void note_name(struct request *request, const char *line, size_t n)
{
    request->has_connection |= same_name(line, n, "Connection");
    request->has_content_type |= same_name(line, n, "Content-Type");
    request->has_expect |= same_name(line, n, "Expect");
}

/* libcurl drops "Name:" and sends "Name;" as a header without a value. */
static char *spell_line(char *to, const char *line, size_t n)
{
    const char *value = line + n + 1;
    size_t length;

    value += strspn(value, " \t");
    length = strlen(value);
    while (length > 0 && (value[length - 1] == ' ' || value[length - 1] == '\t'))
        length--;
    memcpy(to, line, n);
    to += n;
    if (length == 0) {
        memcpy(to, ";", 2);
        return to + 2;
    }
    memcpy(to, ": ", 2);
    memcpy(to + 2, value, length);
    to[2 + length] = '\0';
    return to + 3 + length;
}

static bool copy_lines(struct request *request, const struct talon_http *http, char **at, struct fault *fault)
{
    size_t hosts = 0, n;

    for (size_t i = 0; http->headers && http->headers[i]; i++) {
        const char *line = http->headers[i];
        bool wrong = false;

        if (!check_line(line, i, &n, fault))
            return false;
        hosts += same_name(line, n, "Host");
        if (hosts > 1)
            return refuse(fault, "there are two Host headers: keep one of them");
        if (is_length(line, n, http->body_len, &wrong) && !wrong)
            continue;
        if (wrong)
            return refuse(fault, "Content-Length and Transfer-Encoding follow from the body: leave these headers out");
        note_name(request, line, n);
        request->lines[request->n_lines++].data = *at;
        *at = spell_line(*at, line, n);
    }
    return true;
}

/* ---- the whole */

static bool check_method(const struct talon_http *http, struct fault *fault)
{
    const char *method = http->method ? http->method : "GET";

    if (!is_token(method, strlen(method)) || strlen(method) > MOST_METHOD || strcasecmp(method, "CONNECT") == 0)
        return refuse(fault, "the method is no word that can be sent: write GET, HEAD, POST, PUT or another");
    if (http->body_len > 0 && strcmp(method, "HEAD") == 0)
        return refuse(fault, "a HEAD request has no body");
    if ((http->flags & TALON_HTTP_1) && (http->flags & TALON_HTTP_2))
        return refuse(fault, "HTTP/1 only and HTTP/2 only cannot both be asked for");
    return true;
}

static char *keep(char **at, const void *bytes, size_t n)
{
    char *copy = *at;

    if (n > 0)
        memcpy(copy, bytes, n);
    copy[n] = '\0';
    *at += n + 1;
    return copy;
}

static bool set_url(struct request *request, const char *url, struct fault *fault)
{
    CURLUcode code;

    request->url = curl_url();
    if (!request->url)
        return refuse(fault, "no memory");
    code = url ? curl_url_set(request->url, CURLUPART_URL, url, 0) : CURLUE_BAD_HANDLE;
    if (code == CURLUE_OK) {
        request->url_hash = text_hash(TEXT_HASH, url, strlen(url));
        return true;
    }
    fault_say(fault, TALON_E_LOCAL, 0, "local", "the URL cannot be read: %s", url ? curl_url_strerror(code) : "there is none");
    return false;
}

/* Header lines become at most two bytes longer ("Name:value", the NUL). */
static bool allocate(struct request *request, const struct talon_http *http, struct fault *fault)
{
    size_t n = http->body_len + MOST_METHOD + 2, lines = 0;

    for (; http->headers && http->headers[lines]; lines++)
        n += strlen(http->headers[lines]) + 2;
    if (lines > MOST_LINES)
        return refuse(fault, "there are more than 256 headers");
    n += http->unix_path ? strlen(http->unix_path) + 1 : 0;
    request->lines = calloc(lines + OWN_LINES, sizeof *request->lines);
    request->bytes = malloc(n);
    request->n = n;
    return request->lines && request->bytes ? true : refuse(fault, "no memory");
}

bool request_copy(struct request *request, const struct talon_http *http, struct fault *fault)
{
    const char *method = http->method ? http->method : "GET";
    char *at;

    if (!check_method(http, fault) || !set_url(request, http->url, fault) || !allocate(request, http, fault))
        return false;
    at = request->bytes;
    request->method = keep(&at, method, strlen(method));
    request->body = keep(&at, http->body, http->body_len);
    request->body_len = http->body_len;
    if (http->unix_path) {
        if (!check_unix_path(http->unix_path, fault))
            return false;
        request->unix_path = keep(&at, http->unix_path, strlen(http->unix_path));
    }
    if (http->connect_to && !read_connect_to(request, http->connect_to, fault))
        return false;
    return copy_lines(request, http, &at, fault);
}

void request_free(struct request *request)
{
    if (request->bytes)
        http_wipe(request->bytes, request->n);
    free(request->bytes);
    free(request->lines);
    if (request->url)
        curl_url_cleanup(request->url);
}

bool request_has_body(const struct http_exchange *exchange)
{
    const char *method = exchange->hop.method;

    if (exchange->hop.foreign || exchange->hop.bodiless)
        return false;
    return exchange->request.body_len > 0 || strcmp(method, "POST") == 0 || strcmp(method, "PUT") == 0 || strcmp(method, "PATCH") == 0;
}

static void add(struct request *request, size_t *n, const char *line)
{
    request->lines[request->n_lines + (*n)++].data = (char *)(uintptr_t)line;
}

/* A redirect that drops the body drops what describes it. */
static bool is_wanted(const struct http_exchange *exchange, const char *line)
{
    return !exchange->hop.bodiless || strncasecmp(line, "Content-", 8) != 0;
}

/* Built anew for each hop, in the room behind the copied ones: nothing is allocated. */
struct curl_slist *request_lines(struct http_exchange *exchange)
{
    struct request *request = &exchange->request;
    struct curl_slist *first = NULL, **last = &first;
    const bool own = !exchange->hop.foreign;
    size_t n = 0;

    if (exchange->group->fresh && !(own && request->has_connection))
        add(request, &n, "Connection: close");
    if (request_has_body(exchange) && !request->has_content_type)
        add(request, &n, "Content-Type:");
    if (request_has_body(exchange) && !request->has_expect)
        add(request, &n, "Expect:");
    for (size_t i = own ? 0 : request->n_lines; i < request->n_lines + n; i++) {
        if (i < request->n_lines && !is_wanted(exchange, request->lines[i].data))
            continue;
        *last = &request->lines[i];
        last = &request->lines[i].next;
    }
    *last = NULL;
    return first;
}
