/*
 * Performance data of monitoring plugins: 'label'=value[UOM];[warn];[crit];[min];[max], separated by blanks. It comes
 * from any program, so what is not well formed is skipped and counted, never guessed.
 */
#ifndef EXEC_PERFDATA_H
#define EXEC_PERFDATA_H

#include <stddef.h>

enum { PERFDATA_LABEL = 64, PERFDATA_RANGE = 48 };

struct perfdata {
    char label[PERFDATA_LABEL]; /* as it stands there, without quotes, cut */
    double value;               /* in seconds, bytes, percent or as it is */
    const char *unit;           /* "s" "B" "%" "" */
    int counter;                /* it only grows */
    /* As they stand there (a range, "" where there is none), in the unit that was written. */
    char warn[PERFDATA_RANGE], crit[PERFDATA_RANGE], min[PERFDATA_RANGE], max[PERFDATA_RANGE];
};

enum perfdata_found {
    PERFDATA_END,
    PERFDATA_ITEM,
    PERFDATA_NONE, /* well formed, but without a value ("U") */
    PERFDATA_BAD,  /* skipped up to the next blank */
};

/* Reads the next item of n bytes from *at, and moves *at behind it. */
enum perfdata_found exec_perfdata_next(const char *text, size_t n, size_t *at, struct perfdata *item);
/* A label as the name of a metric: [a-z0-9_], never empty. */
void exec_perfdata_name(const char *label, char name[PERFDATA_LABEL]);

#endif
