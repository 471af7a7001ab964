/* Faults that are seen before a plugin runs: in its descriptor, and in what it does while it is loaded. */
#include "faulty.h"

#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

static void wrong_major(struct faulty_descriptor *d)
{
    d->plugin->abi_major = TALON_ABI_MAJOR + 1;
}

static void new_minor(struct faulty_descriptor *d)
{
    d->plugin->abi_minor = TALON_ABI_MINOR + 7;
}

static void small_size(struct faulty_descriptor *d)
{
    d->plugin->size = 16;
}

static void small_stride(struct faulty_descriptor *d)
{
    d->plugin->option_size = 8;
}

static void no_name(struct faulty_descriptor *d)
{
    d->plugin->name = NULL;
}

static void bad_name(struct faulty_descriptor *d)
{
    d->plugin->name = "Bad-Name\n";
}

static void other_name(struct faulty_descriptor *d)
{
    d->plugin->name = "somebody_else";
}

static void no_operations(struct faulty_descriptor *d)
{
    d->plugin->n_operations = 0;
}

static void many_operations(struct faulty_descriptor *d)
{
    d->plugin->n_operations = 4000000000u;
}

static void operation_twice(struct faulty_descriptor *d)
{
    d->plugin->n_operations = 2;
    d->operations[1].name = d->operations[0].name;
}

static void bad_operation_name(struct faulty_descriptor *d)
{
    d->operations[0].name = "what is this?";
}

static void no_operation_name(struct faulty_descriptor *d)
{
    d->operations[0].name = NULL;
}

static void bad_kind(struct faulty_descriptor *d)
{
    d->operations[0].kind = 7;
}

static void no_start(struct faulty_descriptor *d)
{
    d->operations[0].start = NULL;
}

static void huge_state(struct faulty_descriptor *d)
{
    d->operations[0].run_size = 1u << 30;
}

static void option_outside(struct faulty_descriptor *d)
{
    d->options[0].offset = 1u << 20;
}

static void option_crooked(struct faulty_descriptor *d)
{
    d->options[0].offset = 3;
}

static void option_twice(struct faulty_descriptor *d)
{
    d->options[1].name = d->options[0].name;
}

static void bad_option_name(struct faulty_descriptor *d)
{
    d->options[0].name = "Big-Option";
}

static void bad_option_type(struct faulty_descriptor *d)
{
    d->options[0].type = 99;
}

static void bad_default(struct faulty_descriptor *d)
{
    d->options[0].type = TALON_T_DURATION;
    d->options[0].fallback = "soon";
}

static void endless_options(struct faulty_descriptor *d)
{
    for (int i = 2; i < 999; i++)
        d->options[i] = d->options[0];
}

static void bad_metric(struct faulty_descriptor *d)
{
    d->metrics[0].name = "Queue Length";
}

/* ---- while it is loaded */

static void crash_load(void)
{
    faulty_raise(SIGSEGV);
}

static void exit_load(void)
{
    exit(0);
}

const struct fault faulty_descriptors[] = {
    { .name = "wrong_major", .spoil = wrong_major },
    { .name = "new_minor", .spoil = new_minor },
    { .name = "small_size", .spoil = small_size },
    { .name = "small_stride", .spoil = small_stride },
    { .name = "no_name", .spoil = no_name },
    { .name = "bad_name", .spoil = bad_name },
    { .name = "other_name", .spoil = other_name },
    { .name = "no_operations", .spoil = no_operations },
    { .name = "many_operations", .spoil = many_operations },
    { .name = "operation_twice", .spoil = operation_twice },
    { .name = "bad_operation_name", .spoil = bad_operation_name },
    { .name = "no_operation_name", .spoil = no_operation_name },
    { .name = "bad_kind", .spoil = bad_kind },
    { .name = "no_start", .spoil = no_start },
    { .name = "huge_state", .spoil = huge_state },
    { .name = "option_outside", .spoil = option_outside },
    { .name = "option_crooked", .spoil = option_crooked },
    { .name = "option_twice", .spoil = option_twice },
    { .name = "bad_option_name", .spoil = bad_option_name },
    { .name = "bad_option_type", .spoil = bad_option_type },
    { .name = "bad_default", .spoil = bad_default },
    { .name = "endless_options", .spoil = endless_options },
    { .name = "bad_metric", .spoil = bad_metric },
    { .name = "crash_load", .load = crash_load },
    { .name = "exit_load", .load = exit_load },
    { .name = "loop_load", .load = faulty_loop },
    { .name = NULL },
};
