/* Why an operation failed: from errno to a code, a token of rules.md 2.2 and a sentence. */
#include "trouble.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void trouble_set(struct trouble *trouble, enum talon_error_code code, int os, const char *token, const char *format, ...)
{
    va_list ap;

    va_start(ap, format);
    vsnprintf(trouble->text, sizeof trouble->text, format, ap);
    va_end(ap);
    trouble->error = (struct talon_error){ .code = code, .os = os, .token = token, .text = trouble->text };
}

void trouble_copy(struct trouble *trouble, const struct talon_error *error)
{
    snprintf(trouble->text, sizeof trouble->text, "%s", error->text ? error->text : "");
    trouble->error = *error;
    trouble->error.text = trouble->text;
    trouble->error.token = error->token ? error->token : "local";
}

void trouble_connect(struct trouble *trouble, int os, bool is_unix)
{
    switch (os) {
    case ECONNREFUSED:
        trouble_set(trouble, TALON_E_REFUSED, os, "connect.refused", is_unix ? "connection refused: the socket is there, but nobody listens" : "connection refused");
        break;
    case ENOENT:
    case ENOTDIR:
        trouble_set(trouble, TALON_E_NO_SOCKET, os, "connect.no_socket", "there is no such socket");
        break;
    case EACCES:
    case EPERM:
        trouble_set(trouble, TALON_E_DENIED, os, "connect.denied", "we are not permitted to connect: %s", strerror(os));
        break;
    case EHOSTUNREACH:
    case ENETUNREACH:
    case ENETDOWN:
    case EHOSTDOWN:
        trouble_set(trouble, TALON_E_UNREACHABLE, os, "connect.unreachable", "%s", os == EHOSTUNREACH ? "no route to host" : strerror(os));
        break;
    case ETIMEDOUT:
        trouble_set(trouble, TALON_E_TIMEOUT, os, "connect.timeout", "connection timed out");
        break;
    case ECONNRESET:
    case ECONNABORTED:
        trouble_set(trouble, TALON_E_CLOSED, os, "connect.closed", "connection reset while it was made");
        break;
    case ENOTSOCK:
    case EPROTOTYPE:
        trouble_set(trouble, TALON_E_PROTOCOL, os, "protocol.bad", "there is something, but no stream socket: %s", strerror(os));
        break;
    default:
        trouble_set(trouble, TALON_E_LOCAL, os, "local", "%s", strerror(os));
    }
}

void trouble_io(struct trouble *trouble, int os)
{
    if (os == ECONNRESET || os == EPIPE || os == ECONNABORTED)
        trouble_set(trouble, TALON_E_CLOSED, os, "connect.closed", "connection reset by peer");
    else if (os == ETIMEDOUT)
        trouble_set(trouble, TALON_E_TIMEOUT, os, "timeout", "connection timed out");
    else if (os == EHOSTUNREACH || os == ENETUNREACH || os == ENETDOWN || os == EHOSTDOWN)
        trouble_set(trouble, TALON_E_UNREACHABLE, os, "connect.unreachable", "%s", strerror(os));
    else
        trouble_set(trouble, TALON_E_LOCAL, os, "local", "%s", strerror(os));
}
