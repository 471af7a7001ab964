/* See serve_endpoint.h. */
#include "serve_endpoint.h"

#include <string.h>

struct served served;

struct serve *served_start(const char *host, uint16_t at, uint64_t stall, char why[256])
{
    static const char *const listed[] = { "panda.example", NULL };
    struct serve_settings settings = { .host = host, .port = at, .allow_hosts = listed, .stall = stall };

    return serve_start(&settings, why, 256);
}

int served_open(void **state)
{
    char why[256];

    (void)state;
    served.shop = support_shop();
    served.serve = served_start("127.0.0.1", 0, UINT64_MAX / 2, why);
    if (!served.serve)
        fail_msg("%s", why);
    served.port = serve_port(served.serve);
    serve_publish(served.serve, support_shop_snapshot(served.shop));
    return 0;
}

int served_close(void **state)
{
    (void)state;
    serve_stop(served.serve);
    support_free(served.shop);
    buffer_free(&served.answer);
    return 0;
}

void served_expect(int code, const char *request)
{
    if (client_ask(served.port, request, &served.answer) != code)
        fail_msg("%d was expected for\n%s\nbut there came\n%s", code, request, buffer_string(&served.answer));
}

void served_expect_header(const char *header)
{
    const char *found = strstr(buffer_string(&served.answer), header);

    if (!found || found > client_body(&served.answer))
        fail_msg("no %s in\n%s", header, buffer_string(&served.answer));
}
