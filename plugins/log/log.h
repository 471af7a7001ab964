/* What the files of the plugin `log` share. */
#ifndef LOG_H
#define LOG_H

#include "follow.h"

#include <talon/plugin.h>

struct log_pattern_conf {
    const char *path;
    const struct talon_pattern *bad, *good;
    uint64_t within, good_within, max_read;
    int64_t tolerate;
    int32_t may_be_missing;
};

struct log_age_conf {
    const char *path;
    uint64_t warn_age, max_age;
};

extern const struct talon_option log_pattern_options[], log_age_options[];
extern const struct talon_metric log_pattern_metrics[], log_age_metrics[];
int log_pattern_validate(const void *given, struct talon_problem *problem);
int log_age_validate(const void *given, struct talon_problem *problem);
void log_pattern_start(struct talon_run *run);
void log_age_start(struct talon_run *run);

/* Ends the run of a file that could not be read: `why` is an errno. */
void log_broken(struct talon_run *run, const char *path, int why);

#endif
