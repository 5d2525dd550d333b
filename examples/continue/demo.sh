#!/usr/bin/env bash
# Compiles a trained decoder ahead of time and lets it continue a prompt.
#   demo.sh BUILD_FOLDER [MODEL.onnx] [PROMPT]
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
build=$1
model=${2:-$root/examples/models/llama/dynamo-opset20.onnx}
prompt=${3:-"And it came to pass, when the king heard these words, that he"}
out=$build/demo
mkdir -p "$out"

bold='' dim='' green='' reset=''
if [ -t 1 ]; then bold=$'\e[1m' dim=$'\e[2m' green=$'\e[32m' reset=$'\e[0m'; fi

echo
echo "${bold}1. Compile${reset}  ${model#"$root"/}"
start=$(date +%s.%N)
"$build/bin/sextant-compile" "$model" -o "$out/decoder.so" --prefix=decoder --remarks=passed,missed \
  --remarks-file="$out/remarks.yaml" >"$out/compile.log" 2>&1 || { cat "$out/compile.log" >&2; exit 1; }
seconds=$(awk -v a="$start" -v b="$(date +%s.%N)" 'BEGIN { printf "%.1f", b - a }')
printf '   %s decoder.so %s bytes, decoder.h, in %s s, for %s\n' "$dim" "$(stat -c %s "$out/decoder.so")" "$seconds$reset" "any x86-64-v3"
clang++-22 -std=c++17 -O2 -I "$out" "$root/examples/continue/continue.cpp" "$out/decoder.so" -Wl,-rpath,"$out" -o "$out/continue"

echo
echo "${bold}2. What was recognised and fused${reset}"
/usr/bin/python3 "$root/examples/continue/remarks.py" "$out/remarks.yaml"

echo
echo "${bold}3. Continue a prompt${reset}  ${dim}(temperature 0.5, one thread)${reset}"
echo
printf '   %s%s%s\n' "$bold" "$prompt" "$reset$green"
"$out/continue" generate "$prompt" 280 2>"$out/times" | fold -s -w 88 | sed 's/^ *//; s/^/   /'
printf '%s\n\n' "$reset"
read -r prompt_bytes prefill count decode <"$out/times"
awk -v p="$prompt_bytes" -v a="$prefill" -v c="$count" -v b="$decode" 'BEGIN {
  printf "   prompt   %8.0f tokens/s\n   continue %8.0f tokens/s\n", p / a, c / b }'

echo
echo "${bold}4. Is it the trained model?${reset}"
measured=$("$out/continue" score "$root/examples/models/heldout.txt")
/usr/bin/python3 - "$measured" "$(dirname "$model")/model.json" <<'END'
import json, sys
measured, recorded = float(sys.argv[1]), json.load(open(sys.argv[2]))["excerpt"]["bits_per_byte"]
print(f"   {measured:.4f} bits per byte on held-out text; {recorded:.4f} recorded when it was trained")
sys.exit(abs(measured - recorded) > 1e-3)
END
echo
