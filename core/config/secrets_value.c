/* What may be a secret's value, and the sources that need no waiting. No sentence here ever holds a value or a part of one. */
#include "config/secrets_private.h"

#include "base/text.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

void secrets_wipe(void *bytes, size_t n)
{
    volatile unsigned char *p = bytes;

    while (n-- > 0)
        *p++ = 0;
}

static bool refuse(const struct model_secret *secret, char *why, const char *sentence)
{
    snprintf(why, SECRETS_WHY, "secret %s: %s", secret->name, sentence);
    return false;
}

/* ---- a field of JSON ---- */

static void wipe_json(cJSON *json)
{
    for (; json; json = json->next) {
        if (json->valuestring)
            secrets_wipe(json->valuestring, strlen(json->valuestring));
        wipe_json(json->child);
    }
}

static const cJSON *item_of(const cJSON *list, const char *number)
{
    const size_t n = strlen(number);

    return n > 0 && n < 6 && strspn(number, "0123456789") == n ? cJSON_GetArrayItem(list, (int)strtol(number, NULL, 10)) : NULL;
}

static const cJSON *field_of(const cJSON *json, const char *path)
{
    while (json && *path) {
        const size_t n = strcspn(path, ".");
        char name[256];

        if (n >= sizeof name)
            return NULL;
        memcpy(name, path, n);
        name[n] = '\0';
        json = cJSON_IsArray(json) ? item_of(json, name) : cJSON_GetObjectItemCaseSensitive(json, name);
        path += n + (path[n] == '.');
    }
    return json;
}

/* The whole of it, and nothing behind it. */
static cJSON *parse(const char *bytes, size_t n)
{
    const char *end = NULL;
    cJSON *json = cJSON_ParseWithLengthOpts(bytes, n, &end, 0);

    while (json && end < bytes + n && strchr(" \t\r\n", *end) && *end)
        end++;
    if (!json || end == bytes + n)
        return json;
    wipe_json(json);
    cJSON_Delete(json);
    return NULL;
}

/* cJSON ends a text at a NUL that is written as an escape: the rest would be lost without a word. */
static bool has_nul(const char *bytes, size_t n)
{
    for (size_t i = 0; i + 6 <= n; i++)
        if (memcmp(bytes + i, "\\u0000", 6) == 0)
            return true;
    return false;
}

static bool pick(const struct model_secret *secret, char *bytes, size_t *n, char *why)
{
    cJSON *json = has_nul(bytes, *n) ? NULL : parse(bytes, *n);
    const cJSON *field = field_of(json, secret->json);
    const bool good = cJSON_IsString(field);

    if (!json)
        refuse(secret, why, "what came is no JSON, and `json:` asks for a field of it");
    else if (!good)
        snprintf(why, SECRETS_WHY, "secret %s: the JSON that came has no text at `%.100s`", secret->name, secret->json);
    secrets_wipe(bytes, *n);
    if (good) {
        *n = strlen(field->valuestring); /* never longer than the JSON that it stood in */
        memcpy(bytes, field->valuestring, *n + 1);
    }
    wipe_json(json);
    cJSON_Delete(json);
    return good;
}

/* ---- the rules ---- */

/* One, LF or CRLF. */
static void cut_newline(const char *bytes, size_t *n)
{
    if (*n == 0 || bytes[*n - 1] != '\n')
        return;
    --*n;
    if (*n > 0 && bytes[*n - 1] == '\r')
        --*n;
}

static bool has_control(const char *bytes, size_t n, bool lines)
{
    for (size_t i = 0; i < n; i++) {
        const unsigned char c = (unsigned char)bytes[i];

        if ((c < ' ' || c == 0x7f) && !(lines && (c == '\n' || c == '\r')))
            return true;
    }
    return false;
}

bool secrets_judge(const struct model_secret *secret, char *bytes, size_t *n, char why[SECRETS_WHY])
{
    if (*n > SECRETS_SIZE + 2)
        return refuse(secret, why, "its value is larger than 64 KiB");
    if (secret->json && *n > 0 && !pick(secret, bytes, n, why))
        return false;
    cut_newline(bytes, n);
    if (*n == 0)
        return refuse(secret, why, "its value is empty");
    if (*n > SECRETS_SIZE)
        return refuse(secret, why, "its value is larger than 64 KiB");
    if (!secret->json && bytes[0] == '{')
        return refuse(secret, why, "what came is JSON; say `json: FIELD` to pick one field of it");
    if (has_control(bytes, *n, secret->pem))
        return refuse(secret, why, secret->pem ? "its value has control characters in it" : "its value has control characters or line breaks in it");
    if (text_valid_utf8(bytes, *n) != *n)
        return refuse(secret, why, "its value is no UTF-8 text");
    bytes[*n] = '\0';
    return true;
}

/* ---- environment and file ---- */

bool secrets_read_env(const struct model_secret *secret, char *bytes, size_t *n, char why[SECRETS_WHY])
{
    const char *value = getenv(secret->env);

    if (!value) {
        snprintf(why, SECRETS_WHY, "secret %s: %.200s is not set in Talon's environment", secret->name, secret->env);
        return false;
    }
    *n = strlen(value);
    if (*n >= SECRETS_ROOM)
        return refuse(secret, why, "its value is larger than 64 KiB");
    memcpy(bytes, value, *n + 1);
    return true;
}

static bool tell_file(const struct model_secret *secret, char *why, const char *sentence)
{
    snprintf(why, SECRETS_WHY, "secret %s: %.300s %s", secret->name, secret->file, sentence);
    return false;
}

static bool tell_trouble(const struct model_secret *secret, char *why, int error)
{
    if (error == ENOENT)
        return tell_file(secret, why, "does not exist");
    snprintf(why, SECRETS_WHY, "secret %s: %.300s cannot be read: %s", secret->name, secret->file, strerror(error));
    return false;
}

static bool is_ours(const struct model_secret *secret, const struct stat *st, char *why)
{
    if (!S_ISREG(st->st_mode))
        return tell_file(secret, why, "is no file");
    if (st->st_uid != geteuid())
        return tell_file(secret, why, "belongs to another user");
    if ((st->st_mode & 07777) != 0600 && (st->st_mode & 07777) != 0400)
        return tell_file(secret, why, "must have mode 0600 or 0400: others could read it; chmod 600 it");
    return true;
}

static bool read_all(int fd, char *bytes, size_t *n)
{
    *n = 0;
    while (*n < SECRETS_ROOM - 1) {
        const ssize_t got = read(fd, bytes + *n, SECRETS_ROOM - 1 - *n);

        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return got == 0;
        *n += (size_t)got;
    }
    return true;
}

/* Looked at before it is opened (a FIFO or device is not to be touched), and again when it is open (it may have been changed in between). */
bool secrets_read_file(const struct model_secret *secret, char *bytes, size_t *n, char why[SECRETS_WHY])
{
    struct stat st;
    bool good;
    int fd;

    if (stat(secret->file, &st) != 0)
        return tell_trouble(secret, why, errno);
    if (!is_ours(secret, &st, why))
        return false;
    fd = open(secret->file, O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
    if (fd < 0)
        return tell_trouble(secret, why, errno);
    good = fstat(fd, &st) == 0 ? is_ours(secret, &st, why) : tell_trouble(secret, why, errno);
    if (good && !read_all(fd, bytes, n))
        good = tell_trouble(secret, why, errno);
    close(fd);
    return good;
}
