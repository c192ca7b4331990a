#!/bin/bash
# docs/add-a-primitive.md does what it says: its pieces are put into a copy of the tree, at most eight
# of them in files of the product, and its tests pass, on the host and on the simulated GPU.
set -u
root=$PWD build=$(realpath "$(dirname "${FACET_BINARY:-build/facet}")")
fail() { echo "add_primitive_test: $1" >&2; exit 1; }
for needed in "$build/flags" "$build/libraries"; do
    [ -f "$needed" ] || exit 77
done
read -ra compile <"$build/flags"
for word in "${compile[@]}"; do
    [[ $word != -* ]] || break
    compiler+=("$word")
done
# CUDA's headers, nothing in a build without it.
read -ra cuda < <(make -s --eval 'cuda: ; @echo $(if $(HAVE_CUDA),$(CUDA) $(CUDA_INCLUDES))' cuda 2>/dev/null)
tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT
cp -r engine tests "$tmp" && cd "$tmp" && mkdir pieces objects || fail "the tree cannot be copied"

# --- the pieces: a ```cpp block belongs to the file that was named last before it ---
awk '/^```cpp$/ { inside = 1; print file > ("pieces/" ++n ".file"); next }
     /^```$/ { inside = 0 }
     inside { print > ("pieces/" n ".text"); next }
     match($0, /`(engine|tests)\/[a-z_\/]+\.[a-z]+`/) { file = substr($0, RSTART + 1, RLENGTH - 2) }
    ' "$root/docs/add-a-primitive.md"
product=$(cat pieces/*.file | grep -c ^engine/)
[ "$product" -ge 6 ] && [ "$product" -le 8 ] || fail "it changes $product files of the product"
for piece in pieces/*.file; do
    file=$(<"$piece") text=${piece%.file}.text
    if [ -f "$file" ]; then
        end=$(grep -nE '^(}  // namespace facet.*|#undef FACET_PRIMITIVE)$' "$file" | tail -n 1)
        [ -n "$end" ] || fail "$file has no end before which a piece can stand"
        sed -i "$((${end%%:*} - 1))r $text" "$file"
    else
        cp "$text" "$file"
    fi
done

# --- compile: engine and tests without optimisation, the kernel for the simulator, two at a time ---
# objects FOLDER COMMAND...: an object of every source that standard input names
objects() {
    local folder=objects/$1
    mkdir "$folder"
    xargs -P 2 -I {} sh -c 'source=$1; shift; "$@" -c "$source" -o "'"$folder"'/$(basename "$source").o"' \
        sh {} "${@:2}" >"$folder.log" 2>&1 || fail "it does not compile: $(grep -m 3 error "$folder.log")"
}
gpusim=("${compiler[@]}" -std=c++20 -g1 -fopenmp-simd -I. -Itests/gpusim/include)
printf '%s\n' engine/*.cpp engine/cpu/*.cpp | objects host "${compile[@]}" -O0
echo tests/engine/tested_device.cpp tests/engine/relu_test.cpp | xargs -n 1 |
    objects tests "${compile[@]}" -O0 -Werror
printf 'tests/gpusim/%s.cpp\n' accesses fibers memory scheduler warp relu_kernels_test |
    objects gpusim "${gpusim[@]}"
echo engine/cuda/elements.cu | objects kernels "${gpusim[@]}" -O1 -fsanitize=thread -x c++
if [ ${#cuda[@]} -gt 0 ]; then
    echo engine/cuda/cuda_rows.cpp | objects cuda "${compile[@]}" -O0 -Werror "${cuda[@]:1}"
    echo engine/cuda/elements.cu | objects nvcc "${cuda[0]}/bin/nvcc" -std=c++20 -I. -arch=sm_90 \
        -Werror all-warnings
fi

# --- its tests ---
for word in $(<"$build/libraries"); do
    case $word in -l* | -fopenmp) libraries+=("$word") ;; esac
done
for program in tests "gpusim kernels"; do
    # shellcheck disable=SC2086  # folders
    "${compile[@]}" objects/host/*.o $(printf 'objects/%s/*.o ' $program) -lgtest -lgtest_main \
        "${libraries[@]}" -o program || fail "it does not link: $program"
    ./program --gtest_color=no >log 2>&1 || fail "$(cat log)"
    grep -E '^\[  PASSED  \] [1-9]' log || fail "no test ran: $program"
done
