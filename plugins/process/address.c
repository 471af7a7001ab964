/* Addresses that a process may listen on. */
#include "process.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

static int read_port(const char *text, uint16_t *port)
{
    unsigned value = 0;
    size_t n = 0;

    for (; text[n]; n++) {
        if (text[n] < '0' || text[n] > '9' || n == 5)
            return 0;
        value = value * 10 + (unsigned)(text[n] - '0');
    }
    *port = (uint16_t)value;
    return n > 0 && value > 0 && value < 65536;
}

static int read_host(const char *host, struct process_address *address)
{
    size_t n = strlen(host);
    char inner[64];

    if (n == 0 || strcmp(host, "*") == 0)
        return 1;
    if (strcmp(host, "localhost") == 0) {
        address->family = AF_INET;
        address->either = 1;
        return inet_pton(AF_INET, "127.0.0.1", address->bytes) == 1;
    }
    address->family = AF_INET;
    if (inet_pton(AF_INET, host, address->bytes) == 1)
        return 1;
    if (n < 4 || host[0] != '[' || host[n - 1] != ']' || n > sizeof inner)
        return 0;
    memcpy(inner, host + 1, n - 2);
    inner[n - 2] = '\0';
    address->family = AF_INET6;
    return inet_pton(AF_INET6, inner, address->bytes) == 1;
}

int process_address_read(const char *text, struct process_address *address)
{
    const char *colon = strrchr(text, ':');
    char host[64] = "";

    memset(address, 0, sizeof *address);
    address->family = AF_UNSPEC;
    if (!colon)
        return read_port(text, &address->port);
    if ((size_t)(colon - text) >= sizeof host)
        return 0;
    memcpy(host, text, (size_t)(colon - text));
    return read_host(host, address) && read_port(colon + 1, &address->port);
}

static int is_any(const unsigned char *bytes, size_t n)
{
    while (n > 0)
        if (bytes[--n])
            return 0;
    return 1;
}

/* ::ffff:1.2.3.4 is 1.2.3.4 */
static int is_mapped(const unsigned char *bytes)
{
    return is_any(bytes, 10) && bytes[10] == 0xff && bytes[11] == 0xff;
}

int process_address_covers(const struct process_address *wanted, int family, const unsigned char *bound)
{
    static const unsigned char loopback6[16] = { [15] = 1 };

    if (wanted->family == AF_UNSPEC)
        return 1;
    if (family == AF_INET6 && is_mapped(bound)) {
        family = AF_INET;
        bound += 12;
    }
    if (is_any(bound, family == AF_INET ? 4 : 16)) /* "::" accepts IPv4 as well, unless it was told not to */
        return family == AF_INET6 || wanted->family == AF_INET;
    if (wanted->either && family == AF_INET6)
        return memcmp(bound, loopback6, 16) == 0;
    return wanted->family == family && memcmp(wanted->bytes, bound, family == AF_INET ? 4 : 16) == 0;
}
