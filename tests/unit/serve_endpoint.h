/* The endpoint as its tests ask it: one that serves the shop, and what is expected of its answers. */
#ifndef SERVE_ENDPOINT_H
#define SERVE_ENDPOINT_H

#include "serve_client.h"
#include "serve_support.h"

#include "serve/serve.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define CLOSE "Connection: close\r\n\r\n"

extern struct served {
    struct engine *shop;
    struct serve *serve;
    uint16_t port;
    struct buffer answer; /* the last one */
} served;

/* Group setup and teardown. */
int served_open(void **state);
int served_close(void **state);
/* Another one; NULL, and why, where it cannot be. */
struct serve *served_start(const char *host, uint16_t at, uint64_t stall, char why[256]);
/* Asks; fails when the answer has another status. */
void served_expect(int code, const char *request);
/* Fails when the head of the last answer does not hold it. */
void served_expect_header(const char *header);

#endif
