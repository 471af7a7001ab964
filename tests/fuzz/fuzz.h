/*
 * What the fuzz targets share. A target takes any bytes, must always end, leaves nothing behind and depends on nothing but the bytes: no clock, no chance,
 * no network, no process but its own. Inputs are texts that a person can read and write: where one has several parts, a line `%%` stands between them.
 */
#ifndef FUZZ_H
#define FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What libFuzzer calls: once at the start, and for each input. */
int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

/* What must hold for every input: else the input is a finding, and the sentence says what was broken. */
#define MUST(holds, sentence) ((holds) ? (void)0 : fuzz_broken((sentence), __FILE__, __LINE__))
_Noreturn void fuzz_broken(const char *sentence, const char *file, int line);

/* The part up to the next line `%%`, a copy that is followed by a NUL; to be freed. NULL: there is none left. */
struct fuzz_parts {
    const uint8_t *at;
    size_t left;
    bool over;
};
char *fuzz_part(struct fuzz_parts *parts, size_t *n);

/* A folder of this process, made at the first call and removed, with the files in it, when the process ends. */
const char *fuzz_folder(void);
/* FOLDER/NAME; valid until the next call. */
const char *fuzz_path(const char *name);
/* Removes the files in it. */
void fuzz_empty_folder(void);
/* The log is silent from here on. */
void fuzz_no_log(void);

#endif
