/* What the unit tests of the plugin `http` share: one use of it, and answers of the server. */
#ifndef PLUGIN_HTTP_TEST_H
#define PLUGIN_HTTP_TEST_H

#include "plugin_test.h"

static const struct talon_pair no_headers[] = { { NULL, NULL } };

static inline struct fake *http(void)
{
    struct fake *fake = fake_new(&talon_plugin_descriptor, "http");

    fake_set(fake, "url", "http://db.example/health");
    return fake;
}

static inline void answer(struct fake *fake, uint32_t status, const char *body)
{
    fake_http(
        fake, 2 * FAKE_MS,
        &(struct talon_response){
            .status = status, .headers = no_headers, .body = body, .body_len = strlen(body), .total_ns = 2 * FAKE_MS });
}

static inline void answer_with(struct fake *fake, uint32_t status, const struct talon_pair *headers, const char *body)
{
    fake_http(
        fake, 2 * FAKE_MS,
        &(struct talon_response){
            .status = status, .headers = headers, .body = body, .body_len = strlen(body), .total_ns = 2 * FAKE_MS });
}

#endif
