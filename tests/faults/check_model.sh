#!/bin/sh
# Checks save.pml: no error in the protocol, and a counterexample for each step taken out. Exit status 77 without Spin.
#
#     check_model.sh SAVE.PML

model=$(realpath "$1") || exit 2
command -v spin >/dev/null && command -v gcc >/dev/null || { echo "skipped: needs spin and gcc"; exit 77; }
folder=$(mktemp -d) || exit 2
trap 'rm -rf "$folder"' EXIT
cd "$folder" || exit 2

passed=0
failed=0
check() {  # EXPECTED_ERRORS [-D...]
    expected=$1
    shift
    spin "$@" -a "$model" >spin.log 2>&1 && gcc -O2 -o pan pan.c 2>>spin.log && ./pan -E -m100000 >pan.log 2>&1
    found=$(sed -n 's/.*errors: \([0-9]*\).*/\1/p' pan.log)
    states=$(sed -n 's/ *\([0-9]*\) states, stored.*/\1/p' pan.log)
    if [ "$found" = "$expected" ] && ! grep -q "max search depth too small" pan.log; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        cat spin.log pan.log
    fi
    echo "${*:-the protocol}: errors ${found:-none reported}, expected $expected; $states states"
}

check 0
for removed in NO_FSYNC_FILE NO_FSYNC_FOLDER FSYNC_AFTER_RENAME RETRY_FSYNC IN_PLACE SHARED_NAME; do
    check 1 -D$removed
done
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
