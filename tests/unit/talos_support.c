/* See talos_support.h. */
#include "talos_support.h"

const char talos_certificate[TALOS_PEM] =
    "-----BEGIN CERTIFICATE-----\n"
    "MIIBKTCB3KADAgECAgEBMAUGAytlcDAUMRIwEAYDVQQKDAlvczpyZWFkZXIwHhcN\n"
    "MjYxMTMwMDMxNjU0WhcNMjcxMTMwMDMxNjU0WjAUMRIwEAYDVQQKDAlvczpyZWFk\n"
    "ZXIwKjAFBgMrZXADIQDXeG2MwQATee9qCRYkKiYihLMZ+fdleKetPeby7gDo6qNT\n"
    "MFEwHQYDVR0OBBYEFIu4/ygPwbvkPsS0ElSoQZ7shKlXMB8GA1UdIwQYMBaAFIu4\n"
    "/ygPwbvkPsS0ElSoQZ7shKlXMA8GA1UdEwEB/wQFMAMBAf8wBQYDK2VwA0EAAeYU\n"
    "pGDYs2D6/U0NgzAd/knsSEKlUFwt5polzY8zU6P6ACcrWDuKcbsNFEQJWiaV4W76\n"
    "GmTUqJ6zkLcBSTcYBg==\n"
    "-----END CERTIFICATE-----\n";
const char talos_far_certificate[TALOS_PEM] =
    "-----BEGIN CERTIFICATE-----\n"
    "MIIBKzCB3qADAgECAgECMAUGAytlcDAUMRIwEAYDVQQKDAlvczpyZWFkZXIwIBcN\n"
    "MjYxMTMwMDMxNjU0WhgPMjA4MTA5MDIwMzE2NTRaMBQxEjAQBgNVBAoMCW9zOnJl\n"
    "YWRlcjAqMAUGAytlcAMhANd4bYzBABN572oJFiQqJiKEsxn592V4p6095vLuAOjq\n"
    "o1MwUTAdBgNVHQ4EFgQUi7j/KA/Bu+Q+xLQSVKhBnuyEqVcwHwYDVR0jBBgwFoAU\n"
    "i7j/KA/Bu+Q+xLQSVKhBnuyEqVcwDwYDVR0TAQH/BAUwAwEB/zAFBgMrZXADQQCK\n"
    "n7OtGNojK4WNql5ZIfv2PCg3ZDApW49JcfuDulRJoqI30K4bM0sKYtDH9g7Bnubv\n"
    "LWLEbESOgnbkBtHcr24C\n"
    "-----END CERTIFICATE-----\n";

const char talos_key[TALOS_PEM] = "-----BEGIN ED25519 PRIVATE KEY-----\nc2VzYW1lIHNlc2FtZSBzZXNhbWU=\n-----END ED25519 PRIVATE KEY-----\n";
const struct talon_pair talos_fine[] = { { "content-type", "application/grpc" }, { "grpc-status", "0" }, { NULL, NULL } };

/* ---- messages */

void put_byte(struct message *m, uint8_t byte)
{
    assert_true(m->n < sizeof m->bytes);
    m->bytes[m->n++] = byte;
}

void put_number(struct message *m, unsigned number, uint64_t value)
{
    put_byte(m, (uint8_t)(number << 3));
    for (; value > 0x7f; value >>= 7)
        put_byte(m, (uint8_t)(value | 0x80));
    put_byte(m, (uint8_t)value);
}

static void put_bytes(struct message *m, unsigned number, const void *bytes, size_t n)
{
    assert_true(n < 16384);
    put_byte(m, (uint8_t)(number << 3 | 2));
    put_byte(m, (uint8_t)(n & 0x7f) | 0x80);
    put_byte(m, (uint8_t)(n >> 7));
    for (size_t i = 0; i < n; i++)
        put_byte(m, ((const uint8_t *)bytes)[i]);
}

void put_text(struct message *m, unsigned number, const char *text)
{
    put_bytes(m, number, text, strlen(text));
}

void put(struct message *m, unsigned number, const struct message *inside)
{
    put_bytes(m, number, inside->bytes, inside->n);
}

/* ---- the world */

void talos_encode(const char *text, size_t n, char *into)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const uint8_t *in = (const uint8_t *)text;

    for (size_t i = 0; i < n; i += 3) {
        const uint32_t group = (uint32_t)in[i] << 16 | (i + 1 < n ? (uint32_t)in[i + 1] << 8 : 0) | (i + 2 < n ? in[i + 2] : 0u);

        *into++ = digits[group >> 18];
        *into++ = digits[group >> 12 & 63];
        *into++ = i + 1 < n ? digits[group >> 6 & 63] : '=';
        *into++ = i + 2 < n ? digits[group & 63] : '=';
    }
    *into = '\0';
}

const char *talos_write_config(void **state, const char *endpoint)
{
    static char path[TEMP_PATH];
    char ca[2048], far_one[2048], hidden[512], text[20000];

    snprintf(path, sizeof path, "%s", temp_path(state, "config"));
    talos_encode(talos_certificate, strlen(talos_certificate), ca);
    talos_encode(talos_far_certificate, strlen(talos_far_certificate), far_one);
    talos_encode(talos_key, strlen(talos_key), hidden);
    snprintf(text, sizeof text,
             "context: far\ncontexts:\n  far:\n    endpoints: [%s, 192.0.2.9]\n    nodes: [192.0.2.2]\n    ca: %s\n    crt: %s\n    key: %s\n"
             "  near:\n    endpoints: ['[2001:db8::1]:50001']\n    ca: %s\n    crt: %s\n    key: %s\n  empty: {}\n  odd: {endpoints: [a], ca: '***', crt: x, "
             "key: x}\n"
             "  none: {ca: %s, crt: %s, key: %s}\n  notcert: {endpoints: [a], ca: %s, crt: %s, key: %s}\n",
             endpoint, ca, far_one, hidden, ca, ca, hidden, ca, far_one, hidden, ca, hidden, hidden);
    temp_write(path, text);
    return path;
}

struct fake *talos(void **state, const char *operation)
{
    struct fake *fake = fake_new(&talon_plugin_descriptor, operation);

    fake_calendar(fake, UNTIL - 86400 * 100);
    fake_set(fake, "config", talos_write_config(state, "192.0.2.2"));
    return fake;
}

void talos_answers(struct fake *fake, const struct message *message)
{
    struct message whole = { .n = 0 };
    uint8_t framed[4000];

    put(&whole, 1, message);
    framed[0] = framed[1] = framed[2] = 0;
    framed[3] = (uint8_t)(whole.n >> 8);
    framed[4] = (uint8_t)whole.n;
    memcpy(framed + 5, whole.bytes, whole.n);
    fake_http(fake, 12 * FAKE_MS,
              TALON_REQUEST(talon_response, .status = 200, .headers = talos_fine, .body = framed, .body_len = 5 + whole.n, .total_ns = 12 * FAKE_MS,
                            .http_version = 20));
}
