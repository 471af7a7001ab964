/*
 * That memory was refused, counted: what needed it can only do without and go on, so nobody would ever hear of it. The daemon looks at the count and says
 * it in status.
 */
#ifndef BASE_SHORTAGE_H
#define BASE_SHORTAGE_H

#include <stddef.h>
#include <stdint.h>

/* From any thread. */
void shortage_note(void);
/* Since the start. */
uint64_t shortage_count(void);

/* Where blocks that grow (base/buffer.h, base/os/lines.h) have their memory from: realloc(), unless a program sets reserve_resize() (base/os/reserve.h)
 * before it does anything else. */
extern void *(*shortage_resize)(void *block, size_t size);

#endif
