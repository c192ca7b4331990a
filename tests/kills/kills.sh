#!/bin/bash
# Kills training runs at random moments (SIGKILL), resumes each until it is done, and compares it
# with the run that nobody disturbed: the bytes of model and checkpoint, the parameter hashes and
# the evaluations of the log. After every kill all tensor files must be readable; at the end no
# partial file and no lock may be left.
#
#   tests/kills/kills.sh BUILD_FOLDER [KILLS [SEED]]
#
# Ends with "N passed, N failed", counted in kills. Not part of `make test`: it takes minutes.
set -u
cd "$(dirname "$0")/../.."
facet=$PWD/${1:-build}/facet
kills=${2:-100} seed=${3:-$(date +%s)}
folder=$(mktemp -d) || exit 1
trap 'rm -rf "$folder"' EXIT

# 24 steps with 9 checkpoints and 4 evaluations; a class loss, a pair loss, one that keeps a state,
# and one that learns a parameter of its own, with another optimiser and sampled classes.
common=(--threads 1 --data synth --synth-people 8 --synth-images 6 --synth-eval-people 4
    --synth-eval-images 4 --backbone r10 --image 32 --batch 16 --embedding 32 --epochs 8
    --warmup 3 --checkpoint-every 3 --eval-every 2)
runs=("--loss cosface" "--loss triplet" "--loss adaface"
    "--loss softmax --optimizer adamw --lr 0.001 --sample-rate 0.75")
most_kills=4  # of one run

milliseconds() { date +%s%3N; }
say() { echo "$*" >>"$log"; }

# What must not depend on the kills: hashes and evaluations, in their order.
story_of() { grep -oE '"hash":"[0-9a-f]+"|"evaluation":.*' "$1/log.jsonl"; }

# Every tensor file that is there is whole. $1: run folder
readable() {
    local file
    for file in "$1"/*.safetensors; do
        [ ! -e "$file" ] || "$facet" inspect "$file" >/dev/null 2>>"$log" || return 1
    done
}

# $1: run folder, $2: that of the undisturbed run
same() {
    local file left
    for file in model.safetensors checkpoint.safetensors; do
        cmp -s "$1/$file" "$2/$file" || { say "$file differs"; return 1; }
    done
    diff <(story_of "$1") <(story_of "$2") >>"$log" || { say "log.jsonl differs"; return 1; }
    [ -s "$1/card.json" ] || { say "card.json is missing"; return 1; }
    left=$(find "$1" -name '*.partial' -o -name facet.lock)
    [ -z "$left" ] || { say "left behind: $left"; return 1; }
}

# Starts or resumes the run in $out; kills it after $1 milliseconds. 137: it was killed.
attempt() {
    local how=("${options[@]}" --out "$out")
    [ ! -e "$out/config.toml" ] || how=(--resume "$out")
    if [ -z "$1" ]; then
        "$facet" train "${how[@]}" >>"$log" 2>&1
        return
    fi
    "$facet" train "${how[@]}" >>"$log" 2>&1 &
    local child=$!
    sleep "$(printf '%d.%03d' $(($1 / 1000)) $(($1 % 1000)))"
    kill -KILL "$child" 2>/dev/null
    wait "$child" 2>/dev/null
}

# One run with up to most_kills kills, made until it is done. Adds to `done_kills`.
disturbed_run() {
    local status killed=0 moments=""
    rm -rf "$out"
    while :; do
        local after=""
        if ((killed < most_kills && done_kills + killed < share)); then
            after=$(((RANDOM * 32768 + RANDOM) % whole_ms))
        fi
        attempt "$after"
        status=$?
        case $status in
            137) killed=$((killed + 1)) moments+=" $after" ;;
            0) break ;;
            *) say "status $status after kills at$moments"; break ;;
        esac
        readable "$out" || { status=1; break; }
    done
    done_kills=$((done_kills + killed))
    echo "${options[*]:$((${#common[@]}))}: killed after$moments ms" >>"$log"
    if [ "$status" -eq 0 ] && same "$out" "$whole"; then
        passed=$((passed + killed))
        rm -rf "$out" && : >"$log"
    else
        failed=$((failed + (killed > 0 ? killed : 1)))
        cat "$log"
    fi
}

# A share of the kills. $1: its number, $2: how many
worker() {
    local share=$2 done_kills=0 passed=0 failed=0 turn=$1 out=$folder/run-$1 log=$folder/log-$1
    RANDOM=$((seed + $1))
    while ((done_kills < share && failed == 0)); do
        local number=$((turn++ % ${#runs[@]}))
        # shellcheck disable=SC2206
        local options=("${common[@]}" ${runs[number]})
        local whole=$folder/whole-$number whole_ms
        whole_ms=$(cat "$whole.ms")
        disturbed_run
    done
    echo "$passed $failed" >"$folder/result-$1"
}

workers=$(nproc)
echo "$kills kills with seed $seed, $workers runs at a time"
log=$folder/log
for ((number = 0; number < ${#runs[@]}; ++number)); do
    begin=$(milliseconds)
    # shellcheck disable=SC2086
    "$facet" train "${common[@]}" ${runs[number]} --out "$folder/whole-$number" >"$log" 2>&1 ||
        { cat "$log"; echo "0 passed, 1 failed"; exit 1; }
    echo $(($(milliseconds) - begin)) >"$folder/whole-$number.ms"
done
for ((k = 0; k < workers; ++k)); do
    worker "$k" $(((kills * (k + 1)) / workers - kills * k / workers)) &
done
wait
passed=0 failed=0
for ((k = 0; k < workers; ++k)); do
    read -r good bad <"$folder/result-$k" || { good=0 bad=1; }
    passed=$((passed + good)) failed=$((failed + bad))
done
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ] && [ "$passed" -ge "$kills" ]
