/* HOST:PORT, [IPv6]:PORT and unix:PATH: see scalar.h. */
#include "base/scalar.h"

#include "base/scalar_private.h"

#include <arpa/inet.h>
#include <string.h>

static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.";

static bool read_port(const char *text, uint16_t *port, char why[SCALAR_WHY])
{
    const struct scalar_quote quote = scalar_quote(text, strlen(text));
    const size_t n = strlen(text);
    unsigned long number = 0;

    if (n == 0)
        return scalar_wrong(why, "its port is missing");
    for (size_t i = 0; i < n && number <= 65535; i++) {
        if (text[i] < '0' || text[i] > '9')
            return scalar_wrong(why, "%s is no port", quote.text);
        number = number * 10 + (unsigned long)(text[i] - '0');
    }
    if (number > 65535)
        return scalar_wrong(why, "the port %s is more than 65535", quote.text);
    if (text[0] == '0' && n > 1)
        return scalar_wrong(why, "write the port %lu, not %s", number, quote.text);
    *port = (uint16_t)number;
    return true;
}

static bool read_unix(const char *path, struct scalar_address *address, char why[SCALAR_WHY])
{
    const size_t n = strlen(path);

    if (n == 0)
        return scalar_wrong(why, "the path after `unix:` is missing");
    if (n >= sizeof address->path)
        return scalar_wrong(why, "the path after `unix:` is longer than %zu bytes", sizeof address->path - 1);
    memcpy(address->path, path, n + 1);
    return true;
}

/* "[::1]:443", with a zone in the brackets if there is one ("[fe80::1%eth0]:443"). */
static bool read_bracketed(const char *text, struct scalar_address *address, char why[SCALAR_WHY])
{
    const char *end = strchr(text, ']');
    const size_t n = end ? (size_t)(end - text - 1) : 0, plain = end ? strcspn(text + 1, "]%") : 0;
    char number[64];
    struct in6_addr parsed;

    if (!end)
        return scalar_wrong(why, "the `[` has no `]`");
    if (plain >= sizeof number || n >= sizeof address->host)
        return scalar_wrong(why, "what stands in the brackets is no IPv6 address");
    memcpy(number, text + 1, plain);
    number[plain] = '\0';
    if (inet_pton(AF_INET6, number, &parsed) != 1 || n == plain + 1 || (n > plain && strspn(text + 2 + plain, letters) != n - plain - 1))
        return scalar_wrong(why, "what stands in the brackets is no IPv6 address");
    if (end[1] != ':')
        return scalar_wrong(why, "a `:` and a port are expected after the `]`");
    if (!read_port(end + 2, &address->port, why))
        return false;
    memcpy(address->host, text + 1, n);
    address->host[n] = '\0';
    return true;
}

/* A last part of digits alone makes it an IPv4 address for every resolver, so it must be one. */
static bool is_host(const char *host)
{
    const char *last = strrchr(host, '.');
    struct in_addr parsed;

    last = last ? last + 1 : host;
    if (host[strspn(host, letters)] != '\0' || host[0] == '.' || host[0] == '-' || strstr(host, ".."))
        return false;
    return *last == '\0' || last[strspn(last, "0123456789")] != '\0' || inet_pton(AF_INET, host, &parsed) == 1;
}

static bool read_tcp(const char *text, struct scalar_address *address, char why[SCALAR_WHY])
{
    const struct scalar_quote quote = scalar_quote(text, strlen(text));
    const char *colon = strrchr(text, ':');
    const size_t n = colon ? (size_t)(colon - text) : 0;

    if (strstr(text, "://"))
        return scalar_wrong(why, "%s is a URL: write its host and port alone", quote.text);
    if (!colon)
        return scalar_wrong(why, "%s has no port: write HOST:PORT", quote.text);
    if (memchr(text, ':', n))
        return scalar_wrong(why, "%s has more than one `:`: an IPv6 address stands in brackets, as in [::1]:443", quote.text);
    if (n == 0)
        return read_port(text + 1, &address->port, why) && scalar_wrong(why, "%s has no host: write 127.0.0.1%s if this machine is meant", quote.text, text);
    if (n > 253)
        return scalar_wrong(why, "its host is longer than 253 bytes");
    memcpy(address->host, text, n);
    address->host[n] = '\0';
    if (!is_host(address->host))
        return scalar_wrong(why, "%s is no host name and no address", scalar_quote(text, n).text);
    return read_port(colon + 1, &address->port, why);
}

bool scalar_address(const char *text, struct scalar_address *address, char why[SCALAR_WHY])
{
    struct scalar_address made = { .port = 0 };
    bool good;

    if (text[0] == '\0')
        return scalar_wrong(why, "it is empty");
    if (strncmp(text, "unix:", 5) == 0)
        good = read_unix(text + 5, &made, why);
    else if (text[0] == '[')
        good = read_bracketed(text, &made, why);
    else if (text[0] == '/' || text[0] == '~')
        good = scalar_wrong(why, "a path stands after `unix:`, as in unix:/run/x.sock");
    else
        good = read_tcp(text, &made, why);
    if (good)
        *address = made;
    return good;
}
