// The lowering that the dialect's README shows, stage by stage.
//
// RUN: sextant-opt %s --sextant-go-online | FileCheck %s --check-prefix=ONLINE
// RUN: sextant-opt %s --sextant-go-online --sextant-tile-attention="queries=32 keys=16" --canonicalize --cse \
// RUN:   | FileCheck %s --check-prefix=TILED
// RUN: sextant-opt %s --sextant-go-online --sextant-tile-attention="queries=32 keys=16" --sextant-skip-tiles --canonicalize --cse --mlir-print-local-scope \
// RUN:   | FileCheck %s --check-prefix=SKIPPED
// RUN: sextant-opt %s --sextant-go-online --sextant-tile-attention="queries=32 keys=16" --sextant-skip-tiles --sextant-lower-terms --canonicalize --cse \
// RUN:   | FileCheck %s --check-prefix=LOWERED

func.func @worked(%q: tensor<1x6x64x16xf32>, %k: tensor<1x3x80x16xf32>,
                  %v: tensor<1x3x80x24xf32>, %past: index) -> tensor<1x6x64x24xf32> {
  %o = sextant.attention query(%q : tensor<1x6x64x16xf32>) key(%k : tensor<1x3x80x16xf32>)
      value(%v : tensor<1x3x80x24xf32>) at [0, 0, %past, 0] scale 2.500000e-01 score {
  ^bb0(%s: f32, %b: index, %h: index, %i: index, %j: index):
    %0 = sextant.causal %s at %i, %j : f32
    sextant.yield %0 : f32
  } : tensor<1x6x64x24xf32>
  return %o : tensor<1x6x64x24xf32>
}

// ONLINE: %[[STATE:.*]]:3 = sextant.online_attention
// ONLINE-SAME: at [0, 0, %[[PAST:.*]], 0] scale 2.5{{0*}}e-01 outs(
// ONLINE: sextant.finalize ins(%[[STATE]]#0, %[[STATE]]#1, %[[STATE]]#2

// Heads, queries, and keys within; the empty state is filled per tile.
// TILED: scf.for %[[H:.*]] = %{{.*}} to %{{.*}} step
// TILED: scf.for %[[I:.*]] = %{{.*}} to %{{.*}} step
// TILED: linalg.fill {{.*}} outs(%{{.*}} : tensor<1x1x32x24xf32>)
// TILED: %[[TILE:.*]]:3 = scf.for %[[J:.*]] = %{{.*}} to %[[ALL:.*]] step
// TILED: sextant.online_attention
// TILED-SAME: at [0, %[[H]], %[[ROW:.*]], %[[J]]]
// TILED: sextant.finalize ins(%[[TILE]]#0, %[[TILE]]#1, %[[TILE]]#2

// The tile's last query is 32 behind its first.
// SKIPPED: %[[KEYS:.*]] = arith.constant 80 : index
// SKIPPED: %[[ROW:.*]] = affine.apply affine_map<()[s0, s1] -> (s0 + s1)>
// SKIPPED: %[[BEHIND:.*]] = arith.addi %[[ROW]], %{{.*}} : index
// SKIPPED: %[[END:.*]] = arith.minsi %[[BEHIND]], %[[KEYS]]
// SKIPPED: scf.for %{{.*}} = %{{.*}} to %[[END]] step

// LOWERED: sextant.online_attention
// LOWERED: arith.cmpi sle
// LOWERED: arith.select
// LOWERED: sextant.yield
