/* Rows of what an earlier process kept. A first byte says how: its low bits name the kind, its highest one gives the rest a right sum, so that fields are reached. */
#ifndef FUZZ_ROWS_H
#define FUZZ_ROWS_H

#include <stddef.h>

void fuzz_row(const char *bytes, size_t n);

#endif
