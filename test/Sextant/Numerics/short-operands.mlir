// Operands with fewer heads, batch entries or keys than the attention are refused by both targets,
// and nothing is read behind them. One of each more than needed is refused where it has a role.

// RUN: sextant-compile %s -o %t.so --target=cpu
// RUN: sextant-compile %s -o %t-reference.so --target=reference
// RUN: sextant-run %s --random=1 --dim s=9 --dim heads=6 --dim entries=2 --dim keys=9 --check=reference
// RUN: sextant-run %s --random=1 --dim s=9 --dim heads=7 --dim entries=2 --dim keys=9 --check=reference
// RUN: not sextant-run %t.so --random=1 --dim s=9 --dim heads=5 --dim entries=2 --dim keys=9 2>&1 | FileCheck %s --check-prefix=HEADS
// RUN: not sextant-run %t-reference.so --random=1 --dim s=9 --dim heads=5 --dim entries=2 --dim keys=9 2>&1 | FileCheck %s --check-prefix=HEADS
// RUN: not sextant-run %t.so --random=1 --dim s=9 --dim heads=6 --dim entries=1 --dim keys=9 2>&1 | FileCheck %s --check-prefix=BATCH
// RUN: not sextant-run %t-reference.so --random=1 --dim s=9 --dim heads=6 --dim entries=1 --dim keys=9 2>&1 | FileCheck %s --check-prefix=BATCH
// RUN: not sextant-run %t.so --random=1 --dim s=9 --dim heads=6 --dim entries=2 --dim keys=8 2>&1 | FileCheck %s --check-prefix=KEYS
// RUN: not sextant-run %t-reference.so --random=1 --dim s=9 --dim heads=6 --dim entries=2 --dim keys=8 2>&1 | FileCheck %s --check-prefix=KEYS
// RUN: not sextant-run %t-reference.so --random=1 --dim s=9 --dim heads=6 --dim entries=2 --dim keys=10 2>&1 | FileCheck %s --check-prefix=KEYS

// HEADS: attention: expects dimension 1 of what 'sextant.bucket_bias' reads to have an entry for each head, 6 or more
// BATCH: attention: expects dimension 0 of auxiliary operand 0 to have one entry for each batch, which are 2
// KEYS: attention: expects dimension 1 of auxiliary operand 0 to have one entry for each key
func.func @main(%q: tensor<2x6x?x8xf32> {sextant.name = "q", sextant.dims = ["2", "6", "s", "8"]},
                %t: tensor<32x?xf32> {sextant.name = "t", sextant.dims = ["32", "heads"]},
                %x: tensor<?x?xf32> {sextant.name = "x", sextant.dims = ["entries", "keys"]})
    -> (tensor<2x6x?x8xf32> {sextant.name = "o", sextant.dims = ["2", "6", "s", "8"]}) {
  %o = sextant.attention query(%q : tensor<2x6x?x8xf32>) key(%q : tensor<2x6x?x8xf32>) value(%q : tensor<2x6x?x8xf32>)
      auxiliary(%x as <[batch, key]> : tensor<?x?xf32>) score {
  ^bb0(%s: f32, %b: index, %h: index, %i: index, %j: index, %y: f32):
    %0 = sextant.bucket_bias %s table %t[%h] at %i, %j max_distance 128 bidirectional : f32, tensor<32x?xf32>
    %1 = arith.addf %0, %y : f32
    sextant.yield %1 : f32
  } : tensor<2x6x?x8xf32>
  return %o : tensor<2x6x?x8xf32>
}
