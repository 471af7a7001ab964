/* A configuration out of texts in memory, for the targets that read one: the whole way from bytes to the model, with the shipped plugins' descriptions. */
#ifndef FUZZ_CONFIG_H
#define FUZZ_CONFIG_H

#include "config/config.h"

/* Once: reads the descriptions. */
void fuzz_config_begin(void);
/* Adds a file to those that are packed: the first is the main one, others are runbooks or services. */
void fuzz_config_file(struct buffer *body, size_t i, const char *text, size_t n);
/* The packed configuration of n files, with a sum that is right. */
void fuzz_config_seal(struct buffer *packed, const struct buffer *body, size_t n);
/* Reads and checks a packed configuration; NULL: it is none. Whatever it says is asked for: problems, plugins, files, the effective values. */
struct config *fuzz_config_read(const struct buffer *packed);
/* What must hold of every configuration, at its end: it has a model or an error, and what is packed reads back as the same. Frees it. */
void fuzz_config_end(struct config *config);

#endif
