/*
 * What core and keeper (talon-keeper) say to each other: JSON, one object a line, over a socket that the guard has given to both. The keeper is the parent of
 * the supervised programs, so that they live on when the core crashes, is stopped or is replaced: the next core asks what is held and goes on. It decides nothing,
 * and remembers no environment.
 *
 *   core                                               keeper
 *   {"do":"list"}                                      {"is":"held","name","pid","started"} for each, {"is":"ended",...} for those that ended unheard, {"is":"listed"}
 *   {"do":"start","name","argv","env","folder",        {"is":"started","name","pid","started"} or {"is":"refused","name","why"}
 *    "log","log_errors","rotate","signal","wait"}
 *   {"do":"adopt","name","pid","started",              {"is":"held",...} or {"is":"refused",...}: one that a keeper before this one started
 *    "log","log_errors","rotate","signal","wait"}
 *   {"do":"stop","name"}                               later {"is":"ended","name","pid","how"}; "how" is a sentence, "" where nobody could wait for it
 *
 * `wait` and `started` are decimal texts, ns and an uint64_t that only compares (process_started()).
 */
#ifndef PROGRAMS_KEEPER_H
#define PROGRAMS_KEEPER_H

enum { KEEPER_PROGRAMS = 64, KEEPER_LINE = 1 << 20, KEEPER_QUEUE = 4 << 20 };

/* What the guard says to the keeper, over the socket that is its standard input, a byte each. Its end is the guard's: then the keeper leaves the programs alone
 * and ends, since whoever starts Talon again wants to find them. */
#define KEEPER_CORE 'c' /* with a descriptor: another core */
#define KEEPER_DRAIN 'd' /* end all programs, each as it is configured, then yourself */
#define KEEPER_NOW 'n' /* the same, at once */

#endif
