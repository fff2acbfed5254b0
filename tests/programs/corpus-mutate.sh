#!/usr/bin/env bash
# Every capture of the corpus cut at places and with random bytes changed, read
# under sanitizers, and again without them for time and memory.
#
#   MUTATE_CUTS=50 MUTATE_RUNS=10000 MUTATE_SEED=1 corpus-mutate.sh SAN PLAIN
set -u
corpus=${CORPUS:-$(dirname "$0")/../../../shared/corpus}
cuts=${MUTATE_CUTS:-50} runs=${MUTATE_RUNS:-10000} seed=${MUTATE_SEED:-1}
if ! [ -d "$corpus" ]; then
	echo "no corpus at $corpus (set CORPUS): nothing to break"
	exit 77
fi
mapfile -t captures < <(find "$corpus/captures" "$corpus/torture" -type f \
	-regex '.*\.\(p?cap\|pcapng\)\(\.gz\)?' | sort)
for build in "$1" "$2"; do
	if ! "$build/tools/mutate" "$seed" "$cuts" "$runs" "${captures[@]}" \
		2> "$TMPDIR/warnings"; then
		tail -n 40 "$TMPDIR/warnings"
		exit 1
	fi
done
