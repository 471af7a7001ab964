/*
 * Redirects, followed by hand: a new transfer for each, so that headers, body, credentials and the client certificate stay with the origin (scheme, host and
 * port) that they were given for. Once it has left that origin, an exchange never gets them back.
 */
#include "http_private.h"

#include <string.h>
#include <strings.h>

static bool is_redirect(uint32_t status)
{
    return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

/* The URL of the next hop; NULL: the answer names none that can be followed. */
static CURLU *next_url(const struct http_exchange *exchange)
{
    const char *location = answer_find(&exchange->answer, "Location");
    CURLU *url = location ? curl_url_dup(exchange->hop.url) : NULL;
    char *scheme = NULL;
    bool good = url && curl_url_set(url, CURLUPART_URL, location, 0) == CURLUE_OK && curl_url_get(url, CURLUPART_SCHEME, &scheme, 0) == CURLUE_OK &&
                (strcasecmp(scheme, "http") == 0 || strcasecmp(scheme, "https") == 0);

    curl_free(scheme);
    if (good)
        return url;
    if (url)
        curl_url_cleanup(url);
    return NULL;
}

static bool same_part(CURLU *a, CURLU *b, CURLUPart part)
{
    char *of_a = NULL, *of_b = NULL;
    bool same = curl_url_get(a, part, &of_a, CURLU_DEFAULT_PORT) == CURLUE_OK && curl_url_get(b, part, &of_b, CURLU_DEFAULT_PORT) == CURLUE_OK &&
                strcasecmp(of_a, of_b) == 0;

    curl_free(of_a);
    curl_free(of_b);
    return same;
}

static bool same_origin(CURLU *a, CURLU *b)
{
    return same_part(a, b, CURLUPART_SCHEME) && same_part(a, b, CURLUPART_HOST) && same_part(a, b, CURLUPART_PORT);
}

/* 307 and 308 ask for the same request again; with a body that must not go there, the redirect is the answer. */
static bool keeps_body(const struct http_exchange *exchange)
{
    return (exchange->answer.status == 307 || exchange->answer.status == 308) && request_has_body(exchange);
}

bool redirect_follows(const struct http_exchange *exchange)
{
    bool follows;
    CURLU *url;

    if (exchange->max_redirects == 0 || !is_redirect(exchange->answer.status))
        return false;
    url = next_url(exchange);
    if (!url)
        return false;
    follows = !keeps_body(exchange) || same_origin(url, exchange->request.url);
    curl_url_cleanup(url);
    return follows;
}

static bool refuse(struct http_exchange *exchange, const char *sentence)
{
    fault_say(&exchange->fault, TALON_E_LOCAL, 0, "local", "%s", sentence);
    return false;
}

/* What the URL itself says of user and password goes no further than its origin, and a relative redirect keeps it. */
static void copy_user(CURLU *from, CURLU *to, bool same)
{
    static const CURLUPart parts[] = { CURLUPART_USER, CURLUPART_PASSWORD };
    char *text;

    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        text = NULL;
        if (same)
            curl_url_get(from, parts[i], &text, 0);
        curl_url_set(to, parts[i], text, 0);
        curl_free(text);
    }
}

static bool leave_origin(struct http_exchange *exchange)
{
    struct trust *trust;

    if (!trust_reduce(exchange->trust, &trust))
        return refuse(exchange, "no memory");
    trust_drop(exchange->trust);
    exchange->trust = trust;
    return true;
}

/* A POST becomes a GET, as every browser does it; 303 says so for all but HEAD (RFC 9110 15.4). */
static const char *next_method(const struct http_exchange *exchange, bool *bodiless)
{
    const uint32_t status = exchange->answer.status;
    const char *method = exchange->hop.method;
    const bool get = (status == 303 && strcmp(method, "HEAD") != 0) || ((status == 301 || status == 302) && strcmp(method, "POST") == 0);

    *bodiless = exchange->hop.bodiless || get;
    return get ? "GET" : method;
}

/* Without the query, which may hold more than a person should read. */
static bool refuse_more(struct http_exchange *exchange)
{
    const char *location = answer_find(&exchange->answer, "Location");
    const size_t n = strcspn(location, "?#");

    fault_say(&exchange->fault, TALON_E_PROTOCOL, 0, "http.redirects", "it redirects more than %u times, the last time to %.*s",
              (unsigned)exchange->max_redirects, n < 200 ? (int)n : 200, location);
    return false;
}

bool redirect_take(struct http_exchange *exchange)
{
    CURLU *url = next_url(exchange);
    bool foreign, bodiless, was_foreign = exchange->hop.foreign;
    const char *method = next_method(exchange, &bodiless);

    if (!url)
        return refuse(exchange, "no memory");
    if (exchange->redirects_left == 0) {
        curl_url_cleanup(url);
        return refuse_more(exchange);
    }
    exchange->redirects_left--;
    foreign = was_foreign || !same_origin(url, exchange->request.url);
    copy_user(exchange->request.url, url, !foreign);
    hop_free(exchange);
    exchange->hop.url = url;
    exchange->hop.method = method;
    exchange->hop.foreign = foreign;
    exchange->hop.bodiless = bodiless;
    return foreign && !was_foreign ? leave_origin(exchange) : true;
}
