#!/usr/bin/env bash
# Builds the fuzz targets with sanitizers and runs each for a number of
# seconds, 60 if none is given. The tests' own models and modules are the seeds.
set -euo pipefail
cd "$(dirname "$0")/../.."

seconds=${1:-60}
build=build/asan
tools=$(llvm-config-22 --bindir)
if [ ! -f $build/build.ninja ]; then
  mkdir -p $build
  cmake --preset asan -DCMAKE_CXX_COMPILER_LAUNCHER=ccache >$build/configure.log 2>&1 || { cat $build/configure.log >&2; exit 1; }
fi
CCACHE_SLOPPINESS=pch_defines,time_macros cmake --build $build --target import-fuzzer parse-fuzzer sextant-import

# What is found is kept between runs; the seeds are made anew.
fuzz=$build/fuzz
rm -rf $fuzz/seeds
mkdir -p $fuzz/seeds/{text,import,parse} $fuzz/{import,parse,crashes}
for test in test/Import/*.test; do
  "$tools/split-file" "$test" "$fuzz/seeds/text/$(basename "$test")" 2>/dev/null || continue
  for model in "$fuzz/seeds/text/$(basename "$test")"/*.textproto; do
    [ -f "$model" ] || continue
    protoc --encode=sextant_onnx_proto.ModelProto -Idialects/Onnx Onnx.proto <"$model" \
      >"$fuzz/seeds/import/$(basename "$test")-$(basename "$model").onnx"
  done
done
for test in test/Onnx/IR/*.mlir test/Sextant/*/*.mlir; do
  csplit --quiet --elide-empty-files --prefix="$fuzz/seeds/parse/$(basename "$test")-" "$test" '/^\/\/ -----/' '{*}'
done

# LLVM's allocators tell the sanitizer what they hand out, where they are
# compiled with it; the packaged libraries are not, and share allocators with us.
export ASAN_OPTIONS=allow_user_poisoning=0
status=0
for target in import parse; do
  log=$fuzz/$target.log
  if nice -n 10 $build/bin/$target-fuzzer -max_total_time="$seconds" -timeout=20 -rss_limit_mb=2048 -max_len=16384 \
    -print_final_stats=1 -artifact_prefix=$fuzz/crashes/$target- $fuzz/$target $fuzz/seeds/$target >"$log" 2>&1; then
    echo "$target-fuzzer: $(sed -n 's/^stat::number_of_executed_units: *//p' "$log") inputs in $seconds s, nothing found"
  else
    status=1
    tail -n 60 "$log"
    echo "$target-fuzzer: found the input in $fuzz/crashes"
  fi
done
exit $status
