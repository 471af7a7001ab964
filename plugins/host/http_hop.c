/*
 * One transfer: where it goes by its URL and the request, and all that libcurl has to be told. Every option that differs between requests is set
 * each time, so that a handle can be used again without being reset.
 *
 * Names are resolved by the host, never by libcurl, which would start a thread for each: it gets the addresses with CURLOPT_RESOLVE.
 */
#include "http_private.h"

#include "base/os/clock.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* ---- where it goes */

static bool refuse(struct http_exchange *exchange, const char *sentence)
{
    fault_say(&exchange->fault, TALON_E_LOCAL, 0, "local", "%s", sentence);
    return false;
}

static bool copy_host(char to[HTTP_HOST], const char *host)
{
    size_t n = strlen(host);

    if (n > 2 && host[0] == '[' && host[n - 1] == ']') {
        host++;
        n -= 2;
    }
    if (n == 0 || n >= HTTP_HOST)
        return false;
    memcpy(to, host, n);
    to[n] = '\0';
    return true;
}

static bool is_plain(const char *text)
{
    while (*text > ' ' && *text < 0x7f)
        text++;
    return *text == '\0';
}

/* libcurl would turn an international name into its ASCII form by the locale, which a daemon does not have. */
static bool read_host(struct http_exchange *exchange)
{
    char *host = NULL;
    bool good = false;

    if (curl_url_get(exchange->hop.url, CURLUPART_HOST, &host, 0) != CURLUE_OK || !is_plain(host))
        refuse(exchange, "the URL's host is no name or address that can be asked for (write an international name in its ASCII form, xn--...)");
    else if (!copy_host(exchange->hop.host, host))
        refuse(exchange, "the URL's host is empty or longer than 255 characters");
    else
        good = true;
    curl_free(host);
    return good;
}

static bool read_url(struct http_exchange *exchange)
{
    struct hop *hop = &exchange->hop;
    char *scheme = NULL, *port = NULL;
    bool good = false;

    if (curl_url_get(hop->url, CURLUPART_SCHEME, &scheme, 0) == CURLUE_OK && (strcasecmp(scheme, "http") == 0 || strcasecmp(scheme, "https") == 0) &&
        curl_url_get(hop->url, CURLUPART_PORT, &port, CURLU_DEFAULT_PORT) == CURLUE_OK) {
        hop->https = strcasecmp(scheme, "https") == 0;
        hop->port = (uint16_t)strtoul(port, NULL, 10);
        good = true;
    }
    curl_free(scheme);
    curl_free(port);
    return good ? read_host(exchange) : refuse(exchange, "the URL does not begin with http:// or https://");
}

/* connect_to stands for its host, whatever the port: the same machine answers for http and https. Its port stands for that of the first URL. */
static void aim(struct http_exchange *exchange)
{
    const struct request *request = &exchange->request;
    struct hop *hop = &exchange->hop;
    const bool elsewhere = request->to_host[0] != '\0' && strcasecmp(hop->host, request->host) == 0;
    unsigned char address[sizeof(struct in6_addr)];

    memcpy(hop->target, elsewhere ? request->to_host : hop->host, HTTP_HOST);
    hop->target_port = elsewhere && hop->port == request->port ? request->to_port : hop->port;
    hop->literal = request->unix_path || strchr(hop->target, '%') || inet_pton(AF_INET, hop->target, address) == 1 ||
                   inet_pton(AF_INET6, hop->target, address) == 1;
}

static char *make_text(const char *format, ...) __attribute__((format(printf, 1, 2)));

static char *make_text(const char *format, ...)
{
    struct buffer text = buffer_make(0);
    va_list ap;

    va_start(ap, format);
    buffer_vprintf(&text, format, ap);
    va_end(ap);
    if (!text.failed)
        return text.data;
    buffer_free(&text);
    return NULL;
}

static bool set_connect_to(struct http_exchange *exchange)
{
    struct hop *hop = &exchange->hop;
    const bool six = strchr(hop->target, ':') != NULL;

    if (exchange->request.unix_path || strcmp(hop->target, hop->host) == 0)
        return true;
    hop->connect_to.data = make_text("::%s%s%s:%u", six ? "[" : "", hop->target, six ? "]" : "", (unsigned)hop->target_port);
    return hop->connect_to.data ? true : refuse(exchange, "no memory");
}

static bool load_tls(struct http_exchange *exchange)
{
    if (!exchange->hop.https)
        return true;
    if (!http_globals.tls)
        http_globals.tls = http_globals.load_tls ? http_globals.load_tls() : NULL;
    if (!http_globals.tls)
        return refuse(exchange, "https cannot be used: the TLS module of the plugin host could not be loaded");
    exchange->hop.seal = seal_create();
    return exchange->hop.seal ? true : refuse(exchange, "no memory");
}

/* libcurl 7.88 breaks a kept HTTP/2 connection without TLS at its second use (its issue 10634): each request gets its own there. */
static bool may_keep(const struct http_exchange *exchange)
{
    static unsigned version;

    if (!(exchange->flags & TALON_HTTP_KEEP))
        return false;
    if (!(exchange->flags & TALON_HTTP_2) || exchange->hop.https)
        return true;
    if (version == 0)
        version = curl_version_info(CURLVERSION_NOW)->version_num;
    return version < 0x075800 || version >= 0x080000;
}

/* The same for all runs of a check, and for what its redirects lead to, since that may be another place each time. */
static unsigned long long lane_of(const struct http_exchange *exchange)
{
    return exchange->request.url_hash;
}

bool hop_prepare(struct http_exchange *exchange)
{
    const uint32_t version = exchange->flags & (TALON_HTTP_1 | TALON_HTTP_2);
    struct request *request = &exchange->request;
    struct hop *hop = &exchange->hop;

    if (!read_url(exchange))
        return false;
    if (hop->url == request->url) {
        memcpy(request->host, hop->host, HTTP_HOST);
        request->port = hop->port;
        request->https = hop->https;
    }
    aim(exchange);
    if (!set_connect_to(exchange) || !load_tls(exchange))
        return false;
    exchange->group = may_keep(exchange) ? group_of_lane(lane_of(exchange), hop->https ? exchange->trust : NULL, version) : group_fresh();
    return exchange->group ? true : refuse(exchange, "no memory");
}

static bool keep_addresses(struct http_exchange *exchange, struct buffer *text)
{
    if (text->failed) {
        buffer_free(text);
        return refuse(exchange, "no memory");
    }
    free(exchange->hop.addresses.data);
    exchange->hop.addresses.data = text->data;
    return true;
}

/* An address of those that are for documentation: libcurl gets as far as line_open(), which says that the real ones are wanted. */
static bool set_no_addresses(struct http_exchange *exchange)
{
    struct buffer text = buffer_make(0);

    buffer_printf(&text, "%s:%u:192.0.2.1", exchange->hop.target, (unsigned)exchange->hop.target_port);
    return keep_addresses(exchange, &text);
}

bool hop_set_addresses(struct http_exchange *exchange)
{
    const struct resolved *resolved = exchange->addresses;
    struct buffer text = buffer_make(0);
    char shown[INET6_ADDRSTRLEN];

    buffer_printf(&text, "%s:%u:", exchange->hop.target, (unsigned)exchange->hop.target_port);
    for (size_t i = 0; i < resolved->n; i++) {
        const struct sockaddr *address = (const struct sockaddr *)&resolved->addresses[i];
        const bool six = address->sa_family == AF_INET6;
        const void *bytes = six ? (const void *)&((const struct sockaddr_in6 *)(const void *)address)->sin6_addr
                                : (const void *)&((const struct sockaddr_in *)(const void *)address)->sin_addr;

        if (inet_ntop(address->sa_family, bytes, shown, sizeof shown))
            buffer_printf(&text, six ? "%s[%s]" : "%s%s", i > 0 ? "," : "", shown);
    }
    return keep_addresses(exchange, &text);
}

void hop_free(struct http_exchange *exchange)
{
    struct hop *hop = &exchange->hop;

    if (hop->url && hop->url != exchange->request.url)
        curl_url_cleanup(hop->url);
    free(hop->connect_to.data);
    free(hop->addresses.data);
    seal_drop(hop->seal);
    free(exchange->addresses);
    exchange->addresses = NULL;
    memset(hop, 0, sizeof *hop);
}

/* ---- what libcurl is told */

static void set_method(CURL *easy, const struct http_exchange *exchange)
{
    const char *method = exchange->hop.method;
    const char *custom = method;

    if (request_has_body(exchange)) {
        curl_easy_setopt(easy, CURLOPT_POST, 1L);
        curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)exchange->request.body_len);
        curl_easy_setopt(easy, CURLOPT_POSTFIELDS, exchange->request.body);
    } else if (strcmp(method, "HEAD") == 0) {
        curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
        custom = NULL;
    } else {
        curl_easy_setopt(easy, CURLOPT_HTTPGET, 1L);
        custom = strcmp(method, "GET") == 0 ? NULL : method;
    }
    curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, custom);
}

/* Called by libcurl with the SSL_CTX of a new connection. */
static CURLcode configure(CURL *easy, void *ctx, void *arg)
{
    struct http_exchange *exchange = arg;
    struct talon_tls tls = exchange->trust ? exchange->trust->tls : (struct talon_tls){ .size = sizeof tls };
    struct talon_error error;

    (void)easy;
    exchange->hop.shaking = true;
    if (!tls.server_name)
        tls.server_name = exchange->hop.host;
    if (http_globals.tls->configure(ctx, &tls, exchange->hop.seal->record, &error))
        return CURLE_OK;
    fault_say(&exchange->fault, error.code, error.os, error.token, "%s", error.text);
    return CURLE_ABORTED_BY_CALLBACK;
}

static void set_tls(CURL *easy, struct http_exchange *exchange)
{
    const bool insecure = exchange->trust && exchange->trust->tls.insecure;

    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, insecure ? 0L : 1L);
    curl_easy_setopt(easy, CURLOPT_SSL_CTX_FUNCTION, configure);
    curl_easy_setopt(easy, CURLOPT_SSL_CTX_DATA, exchange);
}

static long version_of(const struct http_exchange *exchange)
{
    if (exchange->flags & TALON_HTTP_1)
        return CURL_HTTP_VERSION_1_1;
    if ((exchange->flags & TALON_HTTP_2) && !exchange->hop.https)
        return CURL_HTTP_VERSION_2_PRIOR_KNOWLEDGE;
    return CURL_HTTP_VERSION_2TLS;
}

static void set_place(CURL *easy, struct http_exchange *exchange)
{
    struct hop *hop = &exchange->hop;
    const long fresh = exchange->group->fresh ? 1L : 0L;

    curl_easy_setopt(easy, CURLOPT_CURLU, hop->url);
    curl_easy_setopt(easy, CURLOPT_UNIX_SOCKET_PATH, exchange->request.unix_path);
    curl_easy_setopt(easy, CURLOPT_CONNECT_TO, hop->connect_to.data ? &hop->connect_to : NULL);
    curl_easy_setopt(easy, CURLOPT_RESOLVE, hop->addresses.data ? &hop->addresses : NULL);
    curl_easy_setopt(easy, CURLOPT_FRESH_CONNECT, fresh);
    curl_easy_setopt(easy, CURLOPT_FORBID_REUSE, fresh);
    curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, version_of(exchange));
    curl_easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, exchange->data ? 1L : 0L); /* of use to a stream alone, and three calls of the system */
}

/* libcurl divides the time to connect among the addresses of a name. */
static void set_time(CURL *easy, const struct http_exchange *exchange)
{
    uint64_t now = clock_awake();
    uint64_t left = exchange->deadline > now ? exchange->deadline - now : 0;

    curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, exchange->deadline == 0 ? 0L : (long)(left / HTTP_NS_PER_MS) + 1000L);
}

static void set_options(CURL *easy, struct http_exchange *exchange)
{
    curl_easy_setopt(easy, CURLOPT_PRIVATE, exchange);
    curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, exchange->words);
    curl_easy_setopt(easy, CURLOPT_HEADERDATA, exchange);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, exchange);
    curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, exchange);
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, request_lines(exchange));
    set_method(easy, exchange);
    set_place(easy, exchange);
    set_time(easy, exchange);
    if (exchange->hop.https)
        set_tls(easy, exchange);
}

/* Without the name's addresses it can only succeed over a kept connection: line_open() says if there is none. */
bool hop_launch(struct http_exchange *exchange)
{
    CURL *easy;

    if (!exchange->hop.literal && !exchange->addresses && !set_no_addresses(exchange))
        return false;
    easy = easy_take();
    if (!easy)
        return refuse(exchange, "no memory");
    exchange->hop.wants_addresses = exchange->hop.opened = exchange->hop.shaking = false;
    exchange->hop.os = 0;
    exchange->words[0] = '\0';
    answer_clear(&exchange->answer);
    exchange->quiet_until = exchange->retry_at = 0;
    set_options(easy, exchange);
    exchange->hop.asked = clock_awake();
    exchange->easy = easy;
    exchange->group->exchanges++;
    exchange->group->used = exchange->hop.asked;
    exchange->stage = STAGE_TRANSFER;
    if (curl_multi_add_handle(exchange->group->multi, easy) == CURLM_OK)
        return true;
    exchange->easy = NULL;
    exchange->group->exchanges--;
    curl_easy_cleanup(easy);
    return refuse(exchange, "libcurl cannot take another transfer: no memory");
}
