#!/bin/bash
# tools/requirements.sh against compilers that are not there: each prints macros, as `-dM -E` does.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

# A compiler named $1 that defines what standard input says.
compiler() {
    { echo '#!/bin/sh'; echo "[ \"\$1\" != --version ] || { echo '$1 (Some OS) 1.2.3'; exit; }"
      echo "cat <<'END'"; cat; echo END; } >"$folder/$1"
    chmod +x "$folder/$1"
}
libraries() {  # of Debian 12
    cat <<'END'
#define DNNL_VERSION_MAJOR 2
#define DNNL_VERSION_MINOR 6
#define FMT_VERSION 90100
#define CLI11_VERSION_MAJOR 2
#define CLI11_VERSION_MINOR 1
#define NLOHMANN_JSON_VERSION_MAJOR 3
#define NLOHMANN_JSON_VERSION_MINOR 11
#define TOML_LIB_MAJOR 3
#define TOML_LIB_MINOR 3
#define EIGEN_WORLD_VERSION 3
#define EIGEN_MAJOR_VERSION 4
END
}
gnu() { echo "#define __GNUC__ $1"; }
clang() { gnu 4 && echo "#define __clang_major__ $1"; }

# Standard error has a line that begins with $2 when the compiler $1 is judged.
refused() {
    if tools/requirements.sh "$folder/$1" -std=c++20 2>"$folder/errors"; then
        echo "$1 was accepted"; exit 1
    fi
    if ! grep -qF "facet: error: $2" "$folder/errors" || [ "$(wc -l <"$folder/errors")" != 2 ]; then
        echo "$1: $(cat "$folder/errors")"; exit 1
    fi
}
accepted() { tools/requirements.sh "$folder/$1" -std=c++20 || { echo "$1 was refused"; exit 1; }; }

{ gnu 12; libraries; } | compiler g++-12 && accepted g++-12
{ clang 16; libraries; } | compiler clang-16 && accepted clang-16
{ gnu 15; libraries | sed 's/\(DNNL_VERSION_MAJOR\) 2/\1 3/; s/90100/110002/; s/\(TOML_LIB_MINOR\) 3/\1 10/'; } |
    compiler newer && accepted newer
{ gnu 11; libraries; } | compiler g++-11
refused g++-11 "$folder/g++-11 is too old: g++ 12 or clang++ 16 is needed, found g++-11 (Some OS) 1.2.3"
{ clang 15; libraries; } | compiler clang-15
refused clang-15 "$folder/clang-15 is too old"
refused absent "$folder/absent does not run"
{ gnu 12; libraries | sed 's/\(DNNL_VERSION_MINOR\) 6/\1 5/'; } | compiler dnnl
refused dnnl 'oneDNN 2.5 is too old: 2.6 or newer is needed'
{ gnu 12; libraries | sed 's/90100/80101/'; } | compiler fmt
refused fmt 'fmt 8.1 is too old'

printf '#!/bin/sh\ncase $* in *-std*) echo "x.h:1:1: fatal error: omp.h: No such file"; exit 1;; esac; echo "#define __GNUC__ 13"\n' >"$folder/bare"
chmod +x "$folder/bare"
refused bare 'x.h:1:1: fatal error: omp.h'
