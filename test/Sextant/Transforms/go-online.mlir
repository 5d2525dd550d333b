// RUN: sextant-opt %s --sextant-go-online | FileCheck %s
// RUN: sextant-opt %s --sextant-go-online --remarks-filter="sextant-go-online.*" -o /dev/null 2>&1 \
// RUN:   | FileCheck %s --check-prefix=REMARK

// CHECK-LABEL: func @sink_layout_and_log_sum_exp_go_to_the_normalisation
// CHECK-SAME: %[[Q:[a-z0-9]+]]: tensor<2x?x6x7xf16>, %[[K:[a-z0-9]+]]: tensor<2x3x?x7xf16>
// CHECK-SAME: %[[SINK:[a-z0-9]+]]: tensor<6xf32>, %[[PAST:[a-z0-9]+]]: index)
// REMARK: remark: [Passed] Online | Category:sextant-go-online
func.func @sink_layout_and_log_sum_exp_go_to_the_normalisation(
    %q: tensor<2x?x6x7xf16>, %k: tensor<2x3x?x7xf16>, %v: tensor<2x3x?x13xf16>,
    %sink: tensor<6xf32>, %past: index) -> (tensor<2x?x6x13xf16>, tensor<2x6x?xf32>) {
  // The state is f32 and has heads first; rows come from the queries.
  // CHECK: %[[ROWS:.*]] = tensor.dim %[[Q]], %{{.*}} : tensor<2x?x6x7xf16>
  // CHECK: %[[EMPTY:.*]] = tensor.empty(%[[ROWS]]) : tensor<2x6x?x13xf32>
  // CHECK: %[[ACC:.*]] = linalg.fill ins(%{{.*}} : f32) outs(%[[EMPTY]]
  // CHECK: %[[LOWEST:.*]] = arith.constant 0xFF800000 : f32
  // CHECK: %[[MAX:.*]] = linalg.fill ins(%[[LOWEST]] : f32)
  // CHECK: %[[SUM:.*]] = linalg.fill
  // CHECK: %[[STATE:.*]]:3 = sextant.online_attention
  // CHECK-SAME: at [0, 0, %[[PAST]], 0] layout query bshd scale 2.5{{0*}}e-01 empty_row uniform
  // CHECK-SAME: outs(%[[ACC]], %[[MAX]], %[[SUM]]
  // CHECK-SAME: score {
  // CHECK: sextant.causal
  // CHECK: sextant.finalize ins(%[[STATE]]#0, %[[STATE]]#1, %[[STATE]]#2
  // CHECK-SAME: sink(%[[SINK]] : tensor<6xf32>)
  // CHECK-SAME: outs(%{{.*}} : tensor<2x?x6x13xf16>)
  // CHECK-SAME: log_sum_exp(%{{.*}} : tensor<2x6x?xf32>) layout bshd
  %o, %lse = sextant.attention query(%q : tensor<2x?x6x7xf16>) key(%k : tensor<2x3x?x7xf16>)
      value(%v : tensor<2x3x?x13xf16>) at [0, 0, %past, 0] layout query bshd result bshd
      scale 2.500000e-01 empty_row uniform sink(%sink : tensor<6xf32>) log_sum_exp score {
  ^bb0(%s: f32, %b: index, %h: index, %i: index, %j: index):
    %0 = sextant.causal %s at %i, %j : f32
    sextant.yield %0 : f32
  } : tensor<2x?x6x13xf16>, tensor<2x6x?xf32>
  return %o, %lse : tensor<2x?x6x13xf16>, tensor<2x6x?xf32>
}

// CHECK-LABEL: func @doubles_keep_their_precision
func.func @doubles_keep_their_precision(
    %q: tensor<2x3x5x7xf64>, %k: tensor<2x3x11x7xf64>, %v: tensor<2x3x11x13xf64>)
    -> tensor<2x3x5x13xf64> {
  // CHECK: sextant.online_attention
  // CHECK-SAME: tensor<2x3x5x13xf64>, tensor<2x3x5xf64>, tensor<2x3x5xf64>
  // CHECK-NOT: score
  // CHECK: sextant.finalize
  %o = sextant.attention query(%q : tensor<2x3x5x7xf64>) key(%k : tensor<2x3x11x7xf64>)
      value(%v : tensor<2x3x11x13xf64>) : tensor<2x3x5x13xf64>
  return %o : tensor<2x3x5x13xf64>
}

// The batch is known from the values alone.
// CHECK-LABEL: func @a_size_that_one_operand_knows_is_cast
func.func @a_size_that_one_operand_knows_is_cast(
    %q: tensor<?x3x5x7xf32>, %k: tensor<?x3x11x7xf32>, %v: tensor<2x3x11x13xf32>)
    -> tensor<2x3x5x13xf32> {
  // CHECK: %[[RESULT:.*]] = sextant.finalize
  // CHECK: tensor.cast %[[RESULT]] : tensor<?x3x5x13xf32> to tensor<2x3x5x13xf32>
  %o = sextant.attention query(%q : tensor<?x3x5x7xf32>) key(%k : tensor<?x3x11x7xf32>)
      value(%v : tensor<2x3x11x13xf32>) : tensor<2x3x5x13xf32>
  return %o : tensor<2x3x5x13xf32>
}
