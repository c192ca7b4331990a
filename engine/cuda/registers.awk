# What `ptxas -v` says of each kernel, as a table; fails if one has a stack frame or spills.
#   cat *.log | c++filt | awk -f engine/cuda/registers.awk
BEGIN { printf "%-8s %9s %6s %6s %6s  %s\n", "target", "registers", "shared", "stack", "spills", "kernel" }
/Compiling entry function/ {
    split($0, part, "'")
    kernel = part[2]
    target = part[4]
    sub(/^void /, "", kernel)
    gsub(/facet::cuda::|\(anonymous namespace\)::/, "", kernel)
    sub(/\(.*/, "", kernel)
}
/bytes stack frame/ { stack = $1; spills = $5 + $9 }
/Used [0-9]+ registers/ {
    match($0, /Used [0-9]+/)
    registers = substr($0, RSTART + 5, RLENGTH - 5) + 0
    shared = 0
    if (match($0, /[0-9]+ bytes smem/)) shared = substr($0, RSTART, RLENGTH) + 0
    printf "%-8s %9d %6d %6d %6d  %s\n", target, registers, shared, stack, spills, kernel
    kernels++
    if (stack > 0 || spills > 0) bad++
    if (registers > most) most = registers
}
END {
    printf "%d kernels compiled, at most %d registers, %d with a stack frame or spills\n", kernels, most, bad
    exit bad > 0 || kernels == 0
}
