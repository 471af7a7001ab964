/*
 * When a certificate expires, by the few bytes of DER that lead there: our own is known to be out of date before the server refuses it, in words that a TLS
 * alert has not. Nothing is verified here; that is the peer's business.
 */
#include "talos.h"

#include "kit/moment.h"

enum tag { TAG_INTEGER = 0x02, TAG_UTC_TIME = 0x17, TAG_TIME = 0x18, TAG_SEQUENCE = 0x30, TAG_VERSION = 0xa0 };

struct der {
    const uint8_t *at, *end;
};

struct element {
    int tag;
    struct der inside;
};

/* Takes the next element. 0: there is none. */
static int take(struct der *der, struct element *element)
{
    size_t n, bytes;

    if (der->end - der->at < 2)
        return 0;
    element->tag = *der->at++;
    n = *der->at++;
    if (n & 0x80) {
        bytes = n & 0x7f;
        if (bytes == 0 || bytes > 3 || (size_t)(der->end - der->at) < bytes)
            return 0;
        for (n = 0; bytes > 0; bytes--)
            n = n << 8 | *der->at++;
    }
    if (n > (size_t)(der->end - der->at))
        return 0;
    element->inside = (struct der){ der->at, der->at + n };
    der->at += n;
    return 1;
}

static int take_of(struct der *der, int tag, struct element *element)
{
    return take(der, element) && element->tag == tag;
}

/* `260102030405Z` or `20260102030405Z`, as RFC 5280 wants them. */
static int read_time(struct talon_run *owner, const struct element *time, int64_t *unix_ns)
{
    const char *text = talon_text(owner, "%.*s", (int)(time->inside.end - time->inside.at), (const char *)time->inside.at);
    const int is_short = time->tag == TAG_UTC_TIME, year = is_short ? 2 : 4;
    const char *century = !is_short ? "" : *text < '5' ? "20" : "19";

    if ((!is_short && time->tag != TAG_TIME) || strlen(text) != (size_t)year + 11)
        return 0;
    return moment_rfc3339(talon_text(owner, "%s%.*s-%.2s-%.2sT%.2s:%.2s:%s", century, year, text, text + year, text + year + 2, text + year + 4,
                                     text + year + 6, text + year + 8),
                          unix_ns);
}

/* Certificate { tbs { [0] version, serial, algorithm, issuer, validity { from, until } ... */
static int read_expiry(struct talon_run *owner, struct der der, int64_t *unix_ns)
{
    struct element element, tbs;

    if (!take_of(&der, TAG_SEQUENCE, &element) || !take_of(&element.inside, TAG_SEQUENCE, &tbs) || !take(&tbs.inside, &element))
        return 0;
    if (element.tag == TAG_VERSION && !take(&tbs.inside, &element))
        return 0;
    if (element.tag != TAG_INTEGER)
        return 0;
    for (int i = 0; i < 3; i++) /* algorithm, issuer, validity */
        if (!take_of(&tbs.inside, TAG_SEQUENCE, &element))
            return 0;
    tbs = element;
    return take(&tbs.inside, &element) && take(&tbs.inside, &element) && read_time(owner, &element, unix_ns);
}

int talos_cert_expiry(struct talon_run *owner, const char *pem, int64_t *unix_ns)
{
    static const char begins[] = "-----BEGIN CERTIFICATE-----";
    const char *from = strstr(pem, begins), *to = from ? strstr(from + sizeof begins - 1, "-----END CERTIFICATE-----") : NULL;
    const char *der;
    size_t n;

    if (!to)
        return 0;
    from += sizeof begins - 1;
    der = talos_base64(owner, from, (size_t)(to - from), &n);
    return der && read_expiry(owner, (struct der){ (const uint8_t *)der, (const uint8_t *)der + n }, unix_ns);
}
