#!/bin/sh
# talon/plugin.h compiles alone, with every warning an error, as C99, C11, C++17 and C++20, with each compiler that is here:
# a plugin's author has no other file of Talon. A small plugin goes with it, so that its macros are expanded as well.
set -u

header_folder=${srcdir:?is set by make check}/plugins/sdk
work=$(mktemp -d "${TMPDIR:-/tmp}/talon-header-XXXXXX") || exit 99
trap 'rm -rf "$work"' EXIT

cat >"$work/alone.c" <<'SOURCE'
#include <talon/plugin.h>
#include <talon/plugin.h>

struct conf { struct talon_address address; const char *text; };

static const struct talon_option options[] = {
    { .name = "address", TALON_ADDRESS_AT(struct conf, address), .flags = TALON_REQUIRED, .help = "Where to connect." },
    { .name = "text", TALON_STRING_AT(struct conf, text), .help = "What to say." },
    { .name = NULL },
};

static void linked(struct talon_run *run, void *arg, const struct talon_link *link)
{
    (void)arg;
    if (link->error.code)
        talon_failed(run, &link->error, "cannot connect");
    else
        talon_done(run, TALON_OK, "ok", "connected in %s", talon_show_time(run, link->connect_ns));
}

static void start(struct talon_run *run)
{
    const struct conf *conf = (const struct conf *)run->conf;

    run->host->connect(run, TALON_REQUEST(talon_connect, .to = conf->address), linked, NULL);
}

static const struct talon_operation operations[] = {
    { .kind = TALON_CHECK, .name = "alone", .summary = "Connects.", .options = options, .conf_size = sizeof(struct conf), .start = start },
};

const struct talon_plugin talon_plugin_descriptor = {
    TALON_PLUGIN_HEAD, .name = "alone", .version = "1", .license = "MIT", .summary = "Connects.", TALON_OPERATIONS(operations),
};
SOURCE

# C++17 has no designators: its tables are written by position, in the order of the fields.
cat >"$work/alone17.cpp" <<'SOURCE'
#include <talon/plugin.h>
#include <talon/plugin.h>
namespace {
struct Conf { talon_address address; };
const talon_option options[] = {
    { "address", TALON_T_ADDRESS, TALON_AT(Conf, address, talon_address), TALON_REQUIRED, 0, 0, 0, nullptr, nullptr, nullptr, nullptr, "Where to connect." },
    { nullptr, 0, 0, 0, 0, 0, 0, nullptr, nullptr, nullptr, nullptr, nullptr },
};
void linked(talon_run *run, void *, const talon_link *link)
{
    if (link->error.code)
        talon_failed(run, &link->error, "cannot connect");
    else
        talon_done(run, TALON_OK, "ok", "connected in %s", talon_show_time(run, link->connect_ns));
}
void start(talon_run *run)
{
    auto request = talon_request<talon_connect>();
    request.to = static_cast<const Conf *>(run->conf)->address;
    run->host->connect(run, &request, linked, nullptr);
}
const talon_operation operations[] = { { TALON_CHECK, 0, "alone", "Connects.", options, nullptr, sizeof(Conf), 0, 0, TALON_OBSERVE, nullptr, nullptr, start } };
}
const talon_plugin talon_plugin_descriptor = { TALON_PLUGIN_HEAD, "alone", "1", "MIT", "Connects.", operations, 1, 0 };
SOURCE

cat >"$work/alone20.cpp" <<'SOURCE'
#include <talon/plugin.h>
namespace {
struct Conf { talon_address address; const char *text; };
const talon_option options[] = {
    { .name = "address", TALON_ADDRESS_AT(Conf, address), .flags = TALON_REQUIRED, .help = "Where to connect." },
    { .name = "text", TALON_STRING_AT(Conf, text), .help = "What to say." },
    { .name = nullptr },
};
void start(talon_run *run)
{
    talon_done(run, TALON_OK, "ok", "%s", static_cast<const Conf *>(run->conf)->text);
}
const talon_operation operations[] = { { .kind = TALON_CHECK, .name = "alone", .summary = "Connects.", .options = options, .conf_size = sizeof(Conf), .start = start } };
}
const talon_plugin talon_plugin_descriptor = { TALON_PLUGIN_HEAD, .name = "alone", .version = "1", .license = "MIT", .summary = "Connects.", TALON_OPERATIONS(operations) };
SOURCE

failed=0
tried=0

compile() # COMPILER STANDARD SOURCE WARNINGS...
{
    compiler=$1 standard=$2 source=$3
    shift 3
    if ! command -v "$compiler" >/dev/null 2>&1; then
        echo "missing compiler: $compiler ($standard is not tried with it)"
        return
    fi
    tried=$((tried + 1))
    if "$compiler" "-std=$standard" -fsyntax-only -Wall -Wextra -Wshadow -Wconversion -Werror "$@" "-I$header_folder" "$work/$source"; then
        echo "ok: $compiler -std=$standard"
    else
        echo "FAILED: $compiler -std=$standard"
        failed=1
    fi
}

for compiler in gcc clang; do
    compile "$compiler" c99 alone.c -Wpedantic -Wstrict-prototypes -Wmissing-field-initializers
    compile "$compiler" c11 alone.c -Wpedantic -Wstrict-prototypes -Wmissing-field-initializers
done
for compiler in g++ clang++; do
    compile "$compiler" c++17 alone17.cpp -Wpedantic
    compile "$compiler" c++20 alone20.cpp -Wpedantic -Wno-missing-field-initializers
done

if [ $tried -eq 0 ]; then
    echo "no compiler at all was found: nothing is proven"
    exit 77
fi
exit $failed
