/* What the fake host says and reads: see fake_talon.h. */
#include "fake_talon.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

long long now_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (long long)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

void put(const char *text, size_t n)
{
    while (n > 0) {
        ssize_t done = write(1, text, n);

        if (done < 0 && errno == EINTR)
            continue;
        if (done <= 0)
            exit(0);
        text += done;
        n -= (size_t)done;
    }
}

void say_text(const char *text)
{
    put(text, strlen(text));
    put("\n", 1);
}

void say(cJSON *message)
{
    char *text = cJSON_PrintUnformatted(message);

    say_text(text);
    free(text);
    cJSON_Delete(message);
}

const char *text_of(const cJSON *object, const char *name)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, name);

    return cJSON_IsString(item) ? item->valuestring : "";
}

double number_of(const cJSON *object, const char *name, double otherwise)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, name);

    return cJSON_IsNumber(item) ? item->valuedouble : otherwise;
}

cJSON *make(const char *type, const char *field, const char *value)
{
    cJSON *message = cJSON_CreateObject();

    cJSON_AddStringToObject(message, "type", type);
    cJSON_AddStringToObject(message, "unknown_field", "to be ignored");
    if (field)
        cJSON_AddStringToObject(message, field, value);
    return message;
}

_Noreturn void die(int number)
{
    signal(number, SIG_DFL);
    raise(number);
    _exit(99);
}
bool still(const cJSON *options)
{
    const char *path = text_of(options, "file");
    struct stat status;
    FILE *file;

    if (path[0] == '\0')
        return true;
    if (stat(path, &status) == 0 && status.st_size >= (off_t)number_of(options, "times", 1))
        return false;
    file = fopen(path, "a");
    if (file) {
        fputc('x', file);
        fclose(file);
    }
    return true;
}
