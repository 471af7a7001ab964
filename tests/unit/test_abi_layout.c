/*
 * The binary interface of plugins, as it was released: every struct of talon/plugin.h with its members' offsets and sizes, and every number that crosses
 * the border, against tests/unit/abi/layout-0.1.txt. A plugin that was compiled last year is loaded by this year's host, so nothing in that file may
 * ever change; what is new stands behind what was there, and a member that is not in the list here is seen as a hole.
 *
 *   test_abi_layout --print    what it should hold, for a change that is meant
 */
#include <talon/plugin.h>

#include <inttypes.h>
#include <stdlib.h>

struct member {
    const char *name;
    size_t offset, size, align;
};

#define MEMBER(s, m) { #m, offsetof(struct s, m), sizeof ((struct s *)0)->m, __alignof__(((struct s *)0)->m) }

static const struct member of_talon_error[] = {
    MEMBER(talon_error, code),
    MEMBER(talon_error, os),
    MEMBER(talon_error, token),
    MEMBER(talon_error, text),
};
static const struct member of_talon_pair[] = {
    MEMBER(talon_pair, name),
    MEMBER(talon_pair, value),
};
static const struct member of_talon_address[] = {
    MEMBER(talon_address, host),
    MEMBER(talon_address, unix_path),
    MEMBER(talon_address, port),
    MEMBER(talon_address, reserved),
};
static const struct member of_talon_table[] = {
    MEMBER(talon_table, rows),
    MEMBER(talon_table, n),
};
static const struct member of_talon_option[] = {
    MEMBER(talon_option, name),
    MEMBER(talon_option, type),
    MEMBER(talon_option, offset),
    MEMBER(talon_option, flags),
    MEMBER(talon_option, row_size),
    MEMBER(talon_option, min),
    MEMBER(talon_option, max),
    MEMBER(talon_option, choices),
    MEMBER(talon_option, fields),
    MEMBER(talon_option, fallback),
    MEMBER(talon_option, former),
    MEMBER(talon_option, help),
};
static const struct member of_talon_tls[] = {
    MEMBER(talon_tls, size),
    MEMBER(talon_tls, insecure),
    MEMBER(talon_tls, ca),
    MEMBER(talon_tls, cert),
    MEMBER(talon_tls, key),
    MEMBER(talon_tls, server_name),
};
static const struct member of_talon_peer[] = {
    MEMBER(talon_peer, size),
    MEMBER(talon_peer, verify),
    MEMBER(talon_peer, verify_text),
    MEMBER(talon_peer, subject),
    MEMBER(talon_peer, issuer),
    MEMBER(talon_peer, protocol),
    MEMBER(talon_peer, not_before),
    MEMBER(talon_peer, not_after),
};
static const struct member of_talon_connect[] = {
    MEMBER(talon_connect, size),
    MEMBER(talon_connect, max_input),
    MEMBER(talon_connect, to),
    MEMBER(talon_connect, tls),
    MEMBER(talon_connect, timeout_ns),
    MEMBER(talon_connect, data),
};
static const struct member of_talon_link[] = {
    MEMBER(talon_link, size),
    MEMBER(talon_link, reserved),
    MEMBER(talon_link, error),
    MEMBER(talon_link, peer),
    MEMBER(talon_link, connect_ns),
    MEMBER(talon_link, tls_ns),
};
static const struct member of_talon_http[] = {
    MEMBER(talon_http, size),
    MEMBER(talon_http, flags),
    MEMBER(talon_http, method),
    MEMBER(talon_http, url),
    MEMBER(talon_http, unix_path),
    MEMBER(talon_http, connect_to),
    MEMBER(talon_http, headers),
    MEMBER(talon_http, body),
    MEMBER(talon_http, body_len),
    MEMBER(talon_http, tls),
    MEMBER(talon_http, timeout_ns),
    MEMBER(talon_http, idle_ns),
    MEMBER(talon_http, max_body),
    MEMBER(talon_http, max_redirects),
    MEMBER(talon_http, data),
};
static const struct member of_talon_response[] = {
    MEMBER(talon_response, size),
    MEMBER(talon_response, status),
    MEMBER(talon_response, error),
    MEMBER(talon_response, headers),
    MEMBER(talon_response, body),
    MEMBER(talon_response, body_len),
    MEMBER(talon_response, peer),
    MEMBER(talon_response, resolve_ns),
    MEMBER(talon_response, connect_ns),
    MEMBER(talon_response, tls_ns),
    MEMBER(talon_response, first_byte_ns),
    MEMBER(talon_response, total_ns),
    MEMBER(talon_response, http_version),
    MEMBER(talon_response, reused),
};
static const struct member of_talon_command[] = {
    MEMBER(talon_command, size),
    MEMBER(talon_command, max_output),
    MEMBER(talon_command, argv),
    MEMBER(talon_command, env),
    MEMBER(talon_command, folder),
    MEMBER(talon_command, input),
    MEMBER(talon_command, input_len),
    MEMBER(talon_command, timeout_ns),
    MEMBER(talon_command, grace_ns),
    MEMBER(talon_command, data),
    MEMBER(talon_command, lasting),
    MEMBER(talon_command, reserved),
};
static const struct member of_talon_exit[] = {
    MEMBER(talon_exit, size),
    MEMBER(talon_exit, reserved),
    MEMBER(talon_exit, error),
    MEMBER(talon_exit, code),
    MEMBER(talon_exit, signal),
    MEMBER(talon_exit, out),
    MEMBER(talon_exit, err),
    MEMBER(talon_exit, out_len),
    MEMBER(talon_exit, err_len),
    MEMBER(talon_exit, out_dropped),
    MEMBER(talon_exit, err_dropped),
    MEMBER(talon_exit, total_ns),
};
static const struct member of_talon_host[] = {
    MEMBER(talon_host, size),
    MEMBER(talon_host, abi_major),
    MEMBER(talon_host, abi_minor),
    MEMBER(talon_host, complete),
    MEMBER(talon_host, metric),
    MEMBER(talon_host, detail),
    MEMBER(talon_host, progress),
    MEMBER(talon_host, log),
    MEMBER(talon_host, nudge),
    MEMBER(talon_host, alloc),
    MEMBER(talon_host, release),
    MEMBER(talon_host, defer),
    MEMBER(talon_host, now_ns),
    MEMBER(talon_host, unix_ns),
    MEMBER(talon_host, stop),
    MEMBER(talon_host, timer),
    MEMBER(talon_host, watch),
    MEMBER(talon_host, connect),
    MEMBER(talon_host, send),
    MEMBER(talon_host, http),
    MEMBER(talon_host, spawn),
    MEMBER(talon_host, share),
    MEMBER(talon_host, wait),
    MEMBER(talon_host, wake),
    MEMBER(talon_host, save),
    MEMBER(talon_host, recall),
    MEMBER(talon_host, match),
    MEMBER(talon_host, secure),
};
static const struct member of_talon_run[] = {
    MEMBER(talon_run, host),
    MEMBER(talon_run, conf),
    MEMBER(talon_run, state),
    MEMBER(talon_run, self),
    MEMBER(talon_run, instance),
    MEMBER(talon_run, name),
    MEMBER(talon_run, id),
    MEMBER(talon_run, deadline_ns),
    MEMBER(talon_run, owner),
    MEMBER(talon_run, flags),
};
static const struct member of_talon_problem[] = {
    MEMBER(talon_problem, option),
    MEMBER(talon_problem, text),
};
static const struct member of_talon_metric[] = {
    MEMBER(talon_metric, name),
    MEMBER(talon_metric, unit),
    MEMBER(talon_metric, help),
};
static const struct member of_talon_operation[] = {
    MEMBER(talon_operation, kind),
    MEMBER(talon_operation, flags),
    MEMBER(talon_operation, name),
    MEMBER(talon_operation, summary),
    MEMBER(talon_operation, options),
    MEMBER(talon_operation, metrics),
    MEMBER(talon_operation, conf_size),
    MEMBER(talon_operation, run_size),
    MEMBER(talon_operation, instance_size),
    MEMBER(talon_operation, impact),
    MEMBER(talon_operation, validate),
    MEMBER(talon_operation, setup),
    MEMBER(talon_operation, start),
};
static const struct member of_talon_plugin[] = {
    MEMBER(talon_plugin, size),
    MEMBER(talon_plugin, abi_major),
    MEMBER(talon_plugin, abi_minor),
    MEMBER(talon_plugin, option_size),
    MEMBER(talon_plugin, operation_size),
    MEMBER(talon_plugin, metric_size),
    MEMBER(talon_plugin, reserved),
    MEMBER(talon_plugin, name),
    MEMBER(talon_plugin, version),
    MEMBER(talon_plugin, license),
    MEMBER(talon_plugin, summary),
    MEMBER(talon_plugin, operations),
    MEMBER(talon_plugin, n_operations),
    MEMBER(talon_plugin, flags),
};

#define STRUCT(s) { #s, sizeof(struct s), __alignof__(struct s), sizeof of_##s / sizeof *of_##s, of_##s }

static const struct {
    const char *name;
    size_t size, align, n;
    const struct member *members;
} structs[] = {
    STRUCT(talon_error),
    STRUCT(talon_pair),
    STRUCT(talon_address),
    STRUCT(talon_table),
    STRUCT(talon_option),
    STRUCT(talon_tls),
    STRUCT(talon_peer),
    STRUCT(talon_connect),
    STRUCT(talon_link),
    STRUCT(talon_http),
    STRUCT(talon_response),
    STRUCT(talon_command),
    STRUCT(talon_exit),
    STRUCT(talon_host),
    STRUCT(talon_run),
    STRUCT(talon_problem),
    STRUCT(talon_metric),
    STRUCT(talon_operation),
    STRUCT(talon_plugin),
};

#define NUMBER(name) { #name, (uint64_t)(name) }

static const struct {
    const char *name;
    uint64_t value;
} numbers[] = {
    NUMBER(TALON_OK), NUMBER(TALON_WARN), NUMBER(TALON_FAIL), NUMBER(TALON_UNKNOWN), NUMBER(TALON_STARTING), NUMBER(TALON_STOPPED),
    NUMBER(TALON_DEBUG), NUMBER(TALON_INFO), NUMBER(TALON_NOTICE), NUMBER(TALON_WARNING), NUMBER(TALON_ERROR), NUMBER(TALON_E_NONE),
    NUMBER(TALON_E_NO_NAME), NUMBER(TALON_E_RESOLVER), NUMBER(TALON_E_NO_SOCKET), NUMBER(TALON_E_REFUSED), NUMBER(TALON_E_UNREACHABLE),
    NUMBER(TALON_E_DENIED), NUMBER(TALON_E_CLOSED), NUMBER(TALON_E_TLS), NUMBER(TALON_E_CERT), NUMBER(TALON_E_TIMEOUT), NUMBER(TALON_E_PROTOCOL),
    NUMBER(TALON_E_TOO_BIG), NUMBER(TALON_E_NOT_FOUND), NUMBER(TALON_E_LOCAL), NUMBER(TALON_T_STRING), NUMBER(TALON_T_PATH), NUMBER(TALON_T_PEM),
    NUMBER(TALON_T_INT), NUMBER(TALON_T_NUMBER), NUMBER(TALON_T_BOOL), NUMBER(TALON_T_DURATION), NUMBER(TALON_T_SIZE), NUMBER(TALON_T_ENUM),
    NUMBER(TALON_T_LIST), NUMBER(TALON_T_MAP), NUMBER(TALON_T_ADDRESS), NUMBER(TALON_T_PATTERN), NUMBER(TALON_T_GROUP), NUMBER(TALON_T_TABLE),
    NUMBER(TALON_RUN), NUMBER(TALON_INSTANCE), NUMBER(TALON_SHARED), NUMBER(TALON_CHECK), NUMBER(TALON_ACTION), NUMBER(TALON_OBSERVE),
    NUMBER(TALON_RESTART), NUMBER(TALON_DISRUPT), NUMBER(TALON_DESTROY), NUMBER(TALON_ABI_MAJOR), NUMBER(TALON_ABI_MINOR), NUMBER(TALON_REQUIRED),
    NUMBER(TALON_SECRET), NUMBER(TALON_OBSOLETE), NUMBER(TALON_HTTP_KEEP), NUMBER(TALON_HTTP_2), NUMBER(TALON_HTTP_1), NUMBER(TALON_READ),
    NUMBER(TALON_WRITE), NUMBER(TALON_LATE), NUMBER(TALON_ONCE), NUMBER(TALON_NUDGED), NUMBER(TALON_BLOCKING), NUMBER(TALON_REPEATABLE),
};

enum { LAYOUT_SIZE = 32768 };

static char layout[LAYOUT_SIZE];
static int holes;

__attribute__((format(printf, 1, 2))) static void add(const char *format, ...)
{
    const size_t used = strlen(layout);
    va_list ap;

    va_start(ap, format);
    vsnprintf(layout + used, sizeof layout - used, format, ap);
    va_end(ap);
}

/* What padding alone explains is no hole. */
static void look_for_hole(const char *name, size_t end, size_t next, size_t align)
{
    if (next - end < align)
        return;
    fprintf(stderr, "struct %s has something at %zu that this test does not list: add it\n", name, end);
    holes = 1;
}

static void describe(void)
{
    add("# talon/plugin.h 0.1 on LP64: struct and its size; member, offset, size; name and its number.\n");
    for (size_t i = 0; i < sizeof structs / sizeof *structs; i++) {
        size_t end = 0;

        add("struct %s %zu\n", structs[i].name, structs[i].size);
        for (size_t k = 0; k < structs[i].n; k++) {
            const struct member *member = &structs[i].members[k];

            add("    %s %zu %zu\n", member->name, member->offset, member->size);
            look_for_hole(structs[i].name, end, member->offset, member->align);
            end = member->offset + member->size;
        }
        look_for_hole(structs[i].name, end, structs[i].size, structs[i].align);
    }
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        add("%s %" PRIu64 "\n", numbers[i].name, numbers[i].value);
}

/* The first line that differs, for people. */
static int compare(const char *released)
{
    const char *now = layout;
    unsigned line = 1;

    if (strcmp(released, layout) == 0)
        return 0;
    while (*now && *now == *released) {
        line += *now == '\n';
        now++;
        released++;
    }
    while (now > layout && now[-1] != '\n') {
        now--;
        released--;
    }
    fprintf(stderr,
            "the binary interface has changed at line %u of tests/unit/abi/layout-0.1.txt:\nreleased: %.*s\nnow:      %.*s\nPlugins that are out there would break. If nothing was released "
            "with it yet, `test_abi_layout --print` prints the new file.\n",
            line, (int)strcspn(released, "\n"), released, (int)strcspn(now, "\n"), now);
    return 1;
}

int main(int argc, char **argv)
{
    static char released[LAYOUT_SIZE];
    char path[4096];
    FILE *file;

    if (sizeof(void *) != 8 || sizeof(long) != 8) {
        puts("not LP64: nothing is proven here");
        return 77;
    }
    describe();
    if (argc > 1 && strcmp(argv[1], "--print") == 0) {
        fputs(layout, stdout);
        return holes;
    }
    snprintf(path, sizeof path, "%s/tests/unit/abi/layout-0.1.txt", getenv("srcdir") ? getenv("srcdir") : ".");
    file = fopen(path, "r");
    if (!file) {
        fprintf(stderr, "%s cannot be read\n", path);
        return 1;
    }
    released[fread(released, 1, sizeof released - 1, file)] = '\0';
    fclose(file);
    return compare(released) || holes;
}
