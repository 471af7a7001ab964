/*
 * Three-valued logic: what `when:` conditions and needs are made of. UNKNOWN is a value of its own, because a watchdog
 * that takes "could not tell" for "no" repairs what is not broken. Only TRUE ever selects anything.
 */
#ifndef BASE_LOGIC_H
#define BASE_LOGIC_H

enum logic { LOGIC_FALSE, LOGIC_UNKNOWN, LOGIC_TRUE };

static inline enum logic logic_not(enum logic a)
{
    return (enum logic)(LOGIC_TRUE - a);
}

static inline enum logic logic_and(enum logic a, enum logic b)
{
    return a < b ? a : b;
}

static inline enum logic logic_or(enum logic a, enum logic b)
{
    return a > b ? a : b;
}

#endif
