/* What the tests of the plugin `talos` share: certificates, a talosconfig, and the messages of a node. */
#ifndef TALOS_SUPPORT_H
#define TALOS_SUPPORT_H

#include "plugin_test.h"
#include "temp_folder.h"

#define UNTIL INT64_C(1827544614)  /* 2027-11-30, of `certificate` */
#define UNTIL2 INT64_C(3524008614) /* 2081-09-02, of `far_certificate`: written as GeneralizedTime */

enum { TALOS_PEM = 1024 };

/* Of nobody: made for these tests, their key thrown away. */
extern const char talos_certificate[TALOS_PEM], talos_far_certificate[TALOS_PEM], talos_key[TALOS_PEM];
/* Of an answer that is gRPC and well. */
extern const struct talon_pair talos_fine[];

/* ---- messages */

struct message {
    uint8_t bytes[3000];
    size_t n;
};

void put_byte(struct message *m, uint8_t byte);
void put_number(struct message *m, unsigned number, uint64_t value);
void put_text(struct message *m, unsigned number, const char *text);
void put(struct message *m, unsigned number, const struct message *inside);

/* ---- the world */

/* Base64 of n bytes. */
void talos_encode(const char *text, size_t n, char *into);
/* A talosconfig in the test's folder with the contexts far (the current one, with that endpoint), near, empty, odd, none, notcert; returns its path. */
const char *talos_write_config(void **state, const char *endpoint);
/* An operation with that talosconfig, a hundred days before `near` expires. */
struct fake *talos(void **state, const char *operation);
/* The answer with one node's message in it. */
void talos_answers(struct fake *fake, const struct message *message);

#endif
