/*
 * The output of `systemctl show`: lines of KEY=VALUE, made for programs. A key that is not there is not known (a timer has no main process), a value that
 * cannot be understood counts as not said, since each release prints some of them in its own way.
 */
#include "systemd.h"

#include "kit/moment.h"

#include <errno.h>
#include <stdlib.h>

const char systemd_properties[] = "Id,LoadState,LoadError,ActiveState,SubState,Result,Type,UnitFileState,ConditionResult,"
                                  "ConditionTimestampMonotonic,TriggeredBy,MainPID,"
                                  "ExecMainCode,ExecMainStatus,ExecMainExitTimestampMonotonic,NRestarts,MemoryCurrent,ActiveEnterTimestamp,"
                                  "ActiveEnterTimestampMonotonic,ActiveExitTimestampMonotonic,LastTriggerUSec";

enum kind { WORD, NUMBER, TIME };

static const struct {
    const char *key;
    enum kind kind;
    size_t offset;
} fields[] = {
    { "Id", WORD, offsetof(struct systemd_unit, id) },
    { "LoadState", WORD, offsetof(struct systemd_unit, load) },
    { "LoadError", WORD, offsetof(struct systemd_unit, load_error) },
    { "ActiveState", WORD, offsetof(struct systemd_unit, active) },
    { "SubState", WORD, offsetof(struct systemd_unit, sub) },
    { "Result", WORD, offsetof(struct systemd_unit, result) },
    { "Type", WORD, offsetof(struct systemd_unit, type) },
    { "UnitFileState", WORD, offsetof(struct systemd_unit, file_state) },
    { "ConditionResult", WORD, offsetof(struct systemd_unit, condition) },
    { "ConditionTimestampMonotonic", NUMBER, offsetof(struct systemd_unit, order_condition) },
    { "TriggeredBy", WORD, offsetof(struct systemd_unit, triggered_by) },
    { "MainPID", NUMBER, offsetof(struct systemd_unit, main_pid) },
    { "ExecMainCode", NUMBER, offsetof(struct systemd_unit, main_code) },
    { "ExecMainStatus", NUMBER, offsetof(struct systemd_unit, main_status) },
    { "ExecMainExitTimestampMonotonic", NUMBER, offsetof(struct systemd_unit, order_main_exit) },
    { "NRestarts", NUMBER, offsetof(struct systemd_unit, restarts) },
    { "MemoryCurrent", NUMBER, offsetof(struct systemd_unit, memory) },
    { "ActiveEnterTimestamp", TIME, offsetof(struct systemd_unit, active_since) },
    { "ActiveEnterTimestampMonotonic", NUMBER, offsetof(struct systemd_unit, order_active) },
    { "ActiveExitTimestampMonotonic", NUMBER, offsetof(struct systemd_unit, order_left) },
    { "LastTriggerUSec", TIME, offsetof(struct systemd_unit, triggered) },
};

/* But for the day of the week and the name of the zone it is what RFC 3339 allows. */
int64_t systemd_read_time(const char *text)
{
    static const char zone[] = " UTC";
    const size_t n = strlen(text);
    char moment[32];
    int64_t unix_ns;

    if (n < 9 || n >= sizeof moment || text[3] != ' ' || strcmp(text + n - 4, zone) != 0)
        return -1;
    snprintf(moment, sizeof moment, "%.*sZ", (int)(n - 8), text + 4);
    return moment_rfc3339(moment, &unix_ns) && unix_ns >= 0 ? unix_ns : -1;
}

/* systemd writes "[not set]" or 2^64-1 where there is none. */
static int64_t read_number(const char *text)
{
    char *end;
    long long value;

    errno = 0;
    value = strtoll(text, &end, 10);
    return end == text || *end || errno || value < 0 ? -1 : value;
}

static void take(struct systemd_unit *unit, const char *key, const char *value)
{
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
        char *at = (char *)unit + fields[i].offset;
        int64_t number;

        if (strcmp(fields[i].key, key) != 0)
            continue;
        if (fields[i].kind == WORD) {
            snprintf(at, SYSTEMD_WORD, "%s", value);
            return;
        }
        number = fields[i].kind == NUMBER ? read_number(value) : systemd_read_time(value);
        memcpy(at, &number, sizeof number);
        return;
    }
}

int systemd_read_show(const char *text, size_t n, struct systemd_unit *unit)
{
    const char *end = text + n;
    char line[1024], *equals;

    *unit = (struct systemd_unit){ .main_pid = -1, .main_code = -1, .main_status = -1, .restarts = -1, .memory = -1, .active_since = -1, .triggered = -1 };
    while (text < end) {
        const char *newline = memchr(text, '\n', (size_t)(end - text)), *stop = newline ? newline : end;

        snprintf(line, sizeof line, "%.*s", (int)(stop - text < 1023 ? stop - text : 1023), text);
        equals = strchr(line, '=');
        if (equals) {
            *equals = '\0';
            take(unit, line, equals + 1);
        }
        text = newline ? newline + 1 : end;
    }
    return *unit->load && *unit->active;
}
