/*
 * A manifest: YAML documents, each an object of Kubernetes. Only what says where an object belongs is read here; its text goes to the API server as it is,
 * since which type a scalar has is the server's to say.
 */
#ifndef KUBERNETES_MANIFEST_H
#define KUBERNETES_MANIFEST_H

#include <stddef.h>

enum { MANIFEST_BYTES = 1 << 20, MANIFEST_OBJECTS = 32, MANIFEST_PROBLEM = 240 };

struct manifest_object {
    const char *text; /* n bytes of the manifest */
    size_t n;
    char version[128], kind[64], name[254], space[64]; /* space: "" where it names none */
};

struct manifest {
    struct manifest_object objects[MANIFEST_OBJECTS];
    size_t n;
};

/* The objects point into the text. 0: `why` is a sentence part that says where it is wrong. */
int manifest_read(const char *text, size_t n, struct manifest *manifest, char why[MANIFEST_PROBLEM]);

#endif
