#!/bin/sh
# Refuses a compiler or a library that is older than those facet was tried with, in one line.
#
#   tools/requirements.sh "COMPILER" OPTIONS...    the options that sources are compiled with
#
# Versions are the macros that the compiler and the libraries' headers define. stb and GoogleTest
# define none.
set -eu

compiler=$1
shift

# name        oldest  its macros, whose values make the version
oldest='
oneDNN        2.6     DNNL_VERSION_MAJOR DNNL_VERSION_MINOR
fmt           9.1     FMT_VERSION
CLI11         2.1     CLI11_VERSION_MAJOR CLI11_VERSION_MINOR
nlohmann-json 3.11    NLOHMANN_JSON_VERSION_MAJOR NLOHMANN_JSON_VERSION_MINOR
toml++        3.3     TOML_LIB_MAJOR TOML_LIB_MINOR
Eigen         3.4     EIGEN_WORLD_VERSION EIGEN_MAJOR_VERSION
'
headers='omp.h oneapi/dnnl/dnnl.h fmt/format.h CLI/CLI.hpp nlohmann/json.hpp toml++/toml.h Eigen/Core'

fail() {
    printf 'facet: error: %s\n' "$1" >&2
    printf 'facet: hint: %s\n' "$2" >&2
    exit 1
}

# clang calls itself a g++ 4 as well.
macros=$($compiler -dM -E -x c++ /dev/null 2>/dev/null) || fail "$compiler does not run" 'name another with CXX='
case $(printf '%s\n' "$macros" | awk '
    $2 == "__clang_major__" { clang = $3 }
    $2 == "__GNUC__" { gnu = $3 }
    END { print clang ? (clang >= 16) : (gnu >= 12) }') in
    0) fail "$compiler is too old: g++ 12 or clang++ 16 is needed, found $($compiler --version | head -n 1)" \
        'name another with CXX= (docs/platforms.md)' ;;
esac

# A header that is missing: the first line of what the compiler says.
macros=$(printf '#include <%s>\n' $headers | $compiler "$@" -w -dM -E -x c++ - 2>&1) ||
    fail "$(printf '%s\n' "$macros" | grep -m 1 'error:')" \
        'tools/deps.sh and docs/platforms.md list the packages'

printf '%s\n' "$oldest" | while read -r name least version_macros; do
    [ -n "$name" ] || continue
    found=$(printf '%s\n' "$macros" | awk -v wanted="$version_macros" '
        { value[$2] = $3 }
        END {
            n = split(wanted, macro, " ")
            for (i = 1; i <= n; ++i) text = text (i > 1 ? "." : "") value[macro[i]]
            if (n == 1) text = int(text / 10000) "." int(text / 100) % 100
            print text
        }')
    echo "$least $found" | awk '{ split($1, a, "."); split($2, b, ".")
                                  exit !(b[1] > a[1] || (b[1] == a[1] && b[2] >= a[2])) }' ||
        fail "$name $found is too old: $least or newer is needed" \
            'Debian 12 and 13 have newer ones (docs/platforms.md)'
done
