/* Fuzz target: YAML to a checked model, the whole way. The input is the main file and, behind lines `%%`, services and runbooks. */
#include "fuzz.h"
#include "fuzz_config.h"

#include <stdlib.h>

enum { MOST_FILES = 8 };

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc, (void)argv;
    fuzz_no_log();
    fuzz_config_begin();
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    struct fuzz_parts parts = { .at = bytes, .left = n };
    struct buffer body = buffer_make(0), packed = buffer_make(0);
    size_t files = 0, length;
    char *text;

    while (files < MOST_FILES && (text = fuzz_part(&parts, &length))) {
        fuzz_config_file(&body, files++, text, length);
        free(text);
    }
    fuzz_config_seal(&packed, &body, files);
    fuzz_config_end(fuzz_config_read(&packed));
    buffer_free(&body);
    buffer_free(&packed);
    return 0;
}
