/* Collects what is wrong, in any order; shows it sorted, without repetitions, at most 100. */
#ifndef CONFIG_PROBLEMS_H
#define CONFIG_PROBLEMS_H

#include "config/config.h"
#include "config/tree.h"

enum { PROBLEMS_SHOWN = 100, PROBLEMS_KEPT = 4096 };

struct problems;

struct problems *problems_create(struct arena *arena);
/* An error; then at most one note for it. */
__attribute__((format(printf, 3, 4))) void problem_error(struct config *c, struct place at, const char *format, ...);
__attribute__((format(printf, 3, 4))) void problem_warning(struct config *c, struct place at, const char *format, ...);
/* Is there room for one more? Where not, it is only counted, and its words do not matter. */
bool problem_room(const struct config *c);
/* A note for the problem that was told last, at its place or another. */
__attribute__((format(printf, 2, 3))) void problem_note(struct config *c, const char *format, ...);
__attribute__((format(printf, 3, 4))) void problem_note_at(struct config *c, struct place at, const char *format, ...);
/* The one of n names that was meant by a wrong one, NULL: none, or too much was compared already. */
const char *problem_meant(struct config *c, const char *wrong, const char *const *names, size_t n);
/* The note "did you mean `x`?" where one of n names is near enough to `wrong`. Says whether it was. */
bool problem_nearest(struct config *c, const char *wrong, const char *const *names, size_t n);
/* The text in backquotes, cut where it is long. */
const char *problem_quote(struct config *c, const char *text);
/* Nothing is kept of what is told from here on, until it is switched off again. */
void problem_mute(struct config *c, bool mute);
/* Not even memory for a problem: remembered apart. */
void problem_no_memory(struct problems *p, const char *file);

#endif
