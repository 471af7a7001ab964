/* Why an exchange failed: from libcurl's code, the socket's errno, the TLS record and the stage to an error code, a token of rules.md 2.2 and a sentence. */
#include "http_private.h"

#include "base/shortage.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_WHERE = 300 };

/* ---- words */

static const char *where(const struct http_exchange *exchange, char text[MOST_WHERE])
{
    const struct hop *hop = &exchange->hop;
    const bool six = strchr(hop->target, ':') != NULL;

    if (exchange->request.unix_path)
        snprintf(text, MOST_WHERE, "%s", exchange->request.unix_path);
    else
        snprintf(text, MOST_WHERE, "%s%s%s:%u", six ? "[" : "", hop->target, six ? "]" : "", (unsigned)hop->target_port);
    return text;
}

static const char *words(const struct http_exchange *exchange, CURLcode code)
{
    return exchange->words[0] ? exchange->words : curl_easy_strerror(code);
}

/* ---- connecting */

struct cause {
    int os;
    uint32_t code;
    const char *token, *text;
};

static const struct cause causes[] = {
    { ECONNREFUSED, TALON_E_REFUSED, "connect.refused", "nobody listens at %s: connection refused" },
    { ENOENT, TALON_E_NO_SOCKET, "connect.no_socket", "there is no socket %s" },
    { ENOTDIR, TALON_E_NO_SOCKET, "connect.no_socket", "there is no socket %s" },
    { EACCES, TALON_E_DENIED, "connect.denied", "no permission to connect to %s" },
    { EPERM, TALON_E_DENIED, "connect.denied", "no permission to connect to %s" },
    { ENETUNREACH, TALON_E_UNREACHABLE, "connect.unreachable", "no route to the network of %s" },
    { EHOSTUNREACH, TALON_E_UNREACHABLE, "connect.unreachable", "no route to %s" },
    { ENETDOWN, TALON_E_UNREACHABLE, "connect.unreachable", "the network of %s is down" },
    { EHOSTDOWN, TALON_E_UNREACHABLE, "connect.unreachable", "the host %s is down" },
    { EAFNOSUPPORT, TALON_E_UNREACHABLE, "connect.unreachable", "this machine cannot reach addresses like %s" },
    { ETIMEDOUT, TALON_E_TIMEOUT, "connect.timeout", "%s does not answer" },
    { ECONNRESET, TALON_E_CLOSED, "connect.closed", "%s closed the connection at once" },
    { ECONNABORTED, TALON_E_CLOSED, "connect.closed", "%s closed the connection at once" },
    { EPIPE, TALON_E_CLOSED, "connect.closed", "%s closed the connection at once" },
    { EPROTOTYPE, TALON_E_PROTOCOL, "protocol.bad", "the socket %s is not a stream" },
    { ENOTSOCK, TALON_E_NO_SOCKET, "connect.no_socket", "%s is not a socket" },
    { EMFILE, TALON_E_LOCAL, "local", "no file descriptor is left to connect to %s" },
    { ENFILE, TALON_E_LOCAL, "local", "the system has no file descriptor left to connect to %s" },
    { EADDRNOTAVAIL, TALON_E_LOCAL, "local", "no local address or port is left to connect to %s" },
    { ENOBUFS, TALON_E_LOCAL, "local", "no memory to connect to %s" },
    { ENOMEM, TALON_E_LOCAL, "local", "no memory to connect to %s" },
};

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
static void say_cause(struct fault *fault, const struct cause *cause, const char *place)
{
    fault_say(fault, cause->code, cause->os, cause->token, cause->text, place);
}
#pragma GCC diagnostic pop

static void of_connect(struct http_exchange *exchange, CURLcode code)
{
    char place[MOST_WHERE];
    long os = exchange->hop.os;

    if (os == 0)
        curl_easy_getinfo(exchange->easy, CURLINFO_OS_ERRNO, &os);
    for (size_t i = 0; i < sizeof causes / sizeof *causes; i++)
        if (causes[i].os == os) {
            say_cause(&exchange->fault, &causes[i], where(exchange, place));
            return;
        }
    fault_say(&exchange->fault, TALON_E_UNREACHABLE, (int32_t)os, "connect.unreachable", "cannot connect to %s: %s", where(exchange, place),
              os ? strerror((int)os) : words(exchange, code));
}

/* ---- after that */

static void of_tls(struct http_exchange *exchange, CURLcode code)
{
    fault_say(&exchange->fault, TALON_E_TLS, 0, "tls.broken", "the TLS handshake failed: %s", words(exchange, code));
}

static void of_end(struct http_exchange *exchange, CURLcode code)
{
    const struct answer *answer = &exchange->answer;
    char place[MOST_WHERE];
    long os = 0;

    curl_easy_getinfo(exchange->easy, CURLINFO_OS_ERRNO, &os);
    if (answer->whole)
        fault_say(&exchange->fault, TALON_E_PROTOCOL, (int32_t)os, "protocol.short", "the answer is cut short after %llu bytes of its body%s%s",
                  (unsigned long long)answer->body_bytes, os ? ": " : "", os ? strerror((int)os) : "");
    else if (answer->status && !answer->interim)
        fault_say(&exchange->fault, TALON_E_PROTOCOL, (int32_t)os, "protocol.short", "the answer is cut short within its headers");
    else if (code == CURLE_GOT_NOTHING || os)
        fault_say(&exchange->fault, TALON_E_CLOSED, (int32_t)os, "connect.closed", "%s closed the connection without an answer%s%s%s",
                  where(exchange, place), os ? ": " : "", os ? strerror((int)os) : "",
                  exchange->flags & TALON_HTTP_2 ? " (perhaps it does not speak HTTP/2)" : "");
    else
        fault_say(&exchange->fault, TALON_E_CLOSED, 0, "connect.closed", "%s closed the connection without an answer (%s)", where(exchange, place),
                  words(exchange, code));
}

static void of_protocol(struct http_exchange *exchange, CURLcode code)
{
    fault_say(&exchange->fault, TALON_E_PROTOCOL, 0, "protocol.bad", "the answer is not proper HTTP: %s", words(exchange, code));
}

static void of_memory(struct http_exchange *exchange)
{
    if (exchange->answer.whole || shortage_count() != exchange->short_before)
        fault_say(&exchange->fault, TALON_E_LOCAL, ENOMEM, "local", "libcurl has no memory left");
    else /* libcurl 7.88 says the same of a header line beyond its bound of 100 KB */
        fault_say(&exchange->fault, TALON_E_TOO_BIG, 0, "too_big", "a header of the answer is larger than libcurl takes");
}

static void of_rest(struct http_exchange *exchange, CURLcode code)
{
    fault_say(&exchange->fault, TALON_E_LOCAL, 0, "http.internal", "libcurl %s: %s (error %d)", curl_version_info(CURLVERSION_NOW)->version,
              words(exchange, code), (int)code);
}

/* libcurl says the same of a broken chunk and of a reset connection. */
static bool is_bad_chunk(const struct http_exchange *exchange)
{
    return strstr(exchange->words, "chunk") != NULL;
}

static bool ask_record(struct http_exchange *exchange)
{
    const struct seal *seal = exchange->hop.seal;
    struct talon_error error;

    if (!seal || !http_globals.tls->record_error(seal->record, &error))
        return false;
    fault_say(&exchange->fault, error.code, error.os, error.token, "%s", error.text);
    return true;
}

void error_of_code(struct http_exchange *exchange, CURLcode code)
{
    if (code != CURLE_WRITE_ERROR && code != CURLE_OPERATION_TIMEDOUT && ask_record(exchange))
        return;
    switch (code) {
    case CURLE_OK: /* the end came before the end of the headers */
    case CURLE_GOT_NOTHING:
    case CURLE_PARTIAL_FILE:
    case CURLE_SEND_ERROR:
    case CURLE_HTTP2_STREAM:
        of_end(exchange, code);
        break;
    case CURLE_RECV_ERROR:
        if (is_bad_chunk(exchange))
            of_protocol(exchange, code);
        else
            of_end(exchange, code);
        break;
    case CURLE_COULDNT_CONNECT:
    case CURLE_COULDNT_RESOLVE_HOST:
        of_connect(exchange, code);
        break;
    case CURLE_OPERATION_TIMEDOUT:
        error_of_expiry(exchange);
        break;
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CIPHER:
        of_tls(exchange, code);
        break;
    case CURLE_UNSUPPORTED_PROTOCOL: /* HTTP/0.9 */
    case CURLE_WEIRD_SERVER_REPLY:
    case CURLE_HTTP2:
    case CURLE_BAD_CONTENT_ENCODING:
        of_protocol(exchange, code);
        break;
    case CURLE_OUT_OF_MEMORY:
#if LIBCURL_VERSION_NUM >= 0x080600
    case CURLE_TOO_LARGE:
#endif
        of_memory(exchange);
        break;
    default:
        of_rest(exchange, code);
        break;
    }
}

/* ---- time is over */

static bool has_passed(const struct http_exchange *exchange, CURLINFO info)
{
    curl_off_t us = 0;

    return !exchange->hop.opened || (curl_easy_getinfo(exchange->easy, info, &us) == CURLE_OK && us > 0);
}

static void of_transfer_expiry(struct http_exchange *exchange)
{
    struct fault *fault = &exchange->fault;
    const struct answer *answer = &exchange->answer;
    char place[MOST_WHERE];

    if (!exchange->hop.shaking && !has_passed(exchange, CURLINFO_CONNECT_TIME_T)) /* libcurl 7.88 tells both times at the end of the handshake */
        fault_say(fault, TALON_E_TIMEOUT, 0, "connect.timeout", "%s does not take the connection", where(exchange, place));
    else if (exchange->hop.https && !has_passed(exchange, CURLINFO_APPCONNECT_TIME_T))
        fault_say(fault, TALON_E_TIMEOUT, 0, "timeout", "%s takes the connection, but does not answer the TLS handshake", where(exchange, place));
    else if (answer->whole)
        fault_say(fault, TALON_E_TIMEOUT, 0, "timeout", "the answer is not complete: %llu bytes of its body have come", (unsigned long long)answer->body_bytes);
    else if (answer->status && !answer->interim)
        fault_say(fault, TALON_E_TIMEOUT, 0, "timeout", "the answer's headers are not complete");
    else
        fault_say(fault, TALON_E_TIMEOUT, 0, "timeout", "%s takes the connection, but does not answer", where(exchange, place));
}

void error_of_expiry(struct http_exchange *exchange)
{
    struct fault *fault = &exchange->fault;
    char place[MOST_WHERE];

    switch (exchange->stage) {
    case STAGE_TRANSFER:
        of_transfer_expiry(exchange);
        break;
    case STAGE_RESOLVING:
        fault_say(fault, TALON_E_RESOLVER, 0, "dns.unreachable", "no answer from the resolver about %.200s", exchange->hop.target);
        break;
    case STAGE_WAITING:
        fault_say(fault, TALON_E_TIMEOUT, 0, "connect.timeout", "the queue of %s is full: it takes no connection", where(exchange, place));
        break;
    default:
        if (exchange->redirects_left < exchange->max_redirects)
            fault_say(fault, TALON_E_TIMEOUT, 0, "timeout", "it redirects, and the time was over before the last place could be asked");
        else
            fault_say(fault, TALON_E_LOCAL, 0, "local", "the time was over before the request could begin");
        break;
    }
}

void error_of_silence(struct http_exchange *exchange)
{
    fault_say(&exchange->fault, TALON_E_TIMEOUT, 0, "timeout", "nothing has come for %.1f s, after %llu bytes of the body",
              (double)exchange->idle_ns / HTTP_NS_PER_S, (unsigned long long)exchange->answer.body_bytes);
}

void error_of_resolver(struct http_exchange *exchange, const struct talon_error *error)
{
    fault_say(&exchange->fault, error->code, error->os, error->token, "%s", error->text ? error->text : "the name cannot be resolved");
}
