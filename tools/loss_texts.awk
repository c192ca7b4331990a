# The head comment of every loss's own file, as entries of a C++ array (tools/loss_texts.cpp), in
# the order of the registry:
#
#   {"arcface", "Softmax and margins", "losses/arcface.h", R"text(...)text"},
#
# Usage: awk -f tools/loss_texts.awk losses/all.h losses/arcface.h ...
# The comment ends where #pragma once stands. A group is the comment above the losses' #include
# lines in the registry.

FILENAME ~ /all\.h$/ {
    if (/^\/\/ /) { group = substr($0, 4); sub(/\.$/, "", group) }
    if (split($0, part, "\"") == 3 && /^#include/) {
        file[++files] = part[2]
        group_of[part[2]] = group
    }
    next
}

FNR == 1 { open = 1 }
/^#pragma once/ { open = 0 }
open { sub(/^\/\/ ?/, ""); text[FILENAME] = text[FILENAME] $0 "\n" }

END {
    for (k = 1; k <= files; ++k) {
        if (!(file[k] in text)) continue
        name = file[k]
        sub(/.*\//, "", name)
        sub(/\.h$/, "", name)
        gsub(/_/, "-", name)
        printf "{\"%s\", \"%s\", \"%s\", R\"text(%s)text\"},\n", name, group_of[file[k]], file[k],
               text[file[k]]
    }
}
