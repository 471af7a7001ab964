/* A folder of the test's own, removed with all that is in it. */
#ifndef TEMP_FOLDER_H
#define TEMP_FOLDER_H

#include <stddef.h>

enum { TEMP_PATH = 512 };

/* cmocka's setup and teardown: *state is the folder's path. */
int temp_folder_make(void **state);
int temp_folder_remove(void **state);
/* FOLDER/name, valid until the eighth next call. */
const char *temp_path(void **state, const char *name);
/* Writes a file for the test. Asserts. */
void temp_write(const char *path, const char *text);
/* Reads a whole file into text, NUL-terminated; returns its length. Asserts. */
size_t temp_read(const char *path, char *text, size_t n);
/* How many names are in a folder, "." and ".." not counted. */
size_t temp_count(const char *path);

#endif
