/*
 * The output of `systemctl show`: lines of KEY=VALUE, made for programs. A key that is not there is not known (a timer has no main process), a value that
 * cannot be understood counts as not said, since each release prints some of them in its own way.
 */
#include "systemd.h"

#include <errno.h>
#include <stdlib.h>

const char systemd_properties[] = "Id,LoadState,LoadError,ActiveState,SubState,Result,Type,UnitFileState,ConditionResult,ConditionTimestampMonotonic,TriggeredBy,MainPID,"
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

/* Days from 1970-01-01 in the calendar of Gregory, which begins its years with March so that a leap day is the last of one. */
static int64_t days_since_1970(int64_t year, int month, int day)
{
    const int64_t y = month > 2 ? year : year - 1, era = y / 400, of_era = y - era * 400;
    const int64_t of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;

    return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

int64_t systemd_read_time(const char *text)
{
    int year, month, day, hour, minute, second, used = 0;

    if (sscanf(text, "%*3s %4d-%2d-%2d %2d:%2d:%2d UTC%n", &year, &month, &day, &hour, &minute, &second, &used) != 6 || used == 0 || text[used])
        return -1;
    if (year < 1970 || month < 1 || month > 12 || day < 1 || day > 31 || hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 60)
        return -1;
    return ((days_since_1970(year, month, day) * 24 + hour) * 3600 + minute * 60 + second) * INT64_C(1000000000);
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
