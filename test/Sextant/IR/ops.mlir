// RUN: sextant-opt %s | FileCheck %s
// RUN: sextant-opt %s --mlir-print-op-generic | sextant-opt | FileCheck %s

// What has its default is not printed, and leaves no space behind.
// CHECK-LABEL: func @plain_attention_prints_operands_alone
func.func @plain_attention_prints_operands_alone(
    %q: tensor<2x3x5x7xf32>, %k: tensor<2x3x11x7xf32>, %v: tensor<2x3x11x13xf32>)
    -> tensor<2x3x5x13xf32> {
  // CHECK: = sextant.attention query(%{{.*}} : tensor<2x3x5x7xf32>) key(%{{.*}} : tensor<2x3x11x7xf32>) value(%{{.*}} : tensor<2x3x11x13xf32>) : tensor<2x3x5x13xf32>{{$}}
  %o = sextant.attention query(%q : tensor<2x3x5x7xf32>) key(%k : tensor<2x3x11x7xf32>)
      value(%v : tensor<2x3x11x13xf32>) at [0, 0, 0, 0] layout query bhsd scale 1.0
      empty_row zero : tensor<2x3x5x13xf32>
  return %o : tensor<2x3x5x13xf32>
}

// CHECK-LABEL: func @every_clause_in_its_order
func.func @every_clause_in_its_order(
    %q0: tensor<2x5x6x7xf16>, %k0: tensor<2x11x3x7xf16>, %q1: tensor<2x5x6x17xf16>,
    %k1: tensor<2x11x1x17xf16>, %v: tensor<2x11x2x13xf16>, %table: tensor<6x9xf32>,
    %mask: tensor<2x1x5x11xi1>, %past: tensor<2xi64>, %j0: index, %sink: tensor<6xf32>)
    -> (tensor<2x5x6x13xf16>, tensor<2x6x5xf32>) {
  // CHECK: %{{.*}}:2 = sextant.attention query(%{{.*}}, %{{.*}} : tensor<2x5x6x7xf16>, tensor<2x5x6x17xf16>)
  // CHECK-SAME: key(%{{.*}}, %{{.*}} : tensor<2x11x3x7xf16>, tensor<2x11x1x17xf16>)
  // CHECK-SAME: value(%{{.*}} : tensor<2x11x2x13xf16>)
  // CHECK-SAME: auxiliary(%{{.*}} as <[head, distance], center = 4> : tensor<6x9xf32>, %{{.*}} as <[batch, head, query, key]> : tensor<2x1x5x11xi1>)
  // CHECK-SAME: at [1, 0, %{{.*}} : tensor<2xi64>, %{{.*}}] layout query bshd key bshd value bshd result bshd
  // CHECK-SAME: scale 1.250000e-01 empty_row uniform sink(%{{.*}} : tensor<6xf32>) log_sum_exp score {
  // CHECK-NEXT: ^bb0(%[[S:score]]: f32, %b: index, %h: index, %[[I:i]]: index, %[[J:j]]: index, %[[BIAS:aux]]: f32, %[[KEEP:aux_[0-9]+]]: i1):
  // CHECK-NEXT: %[[BIASED:.*]] = sextant.distance_bias %[[S]] bias %[[BIAS]] at %[[I]], %[[J]] before 4 after 4 : f32
  // CHECK-NEXT: %[[CAPPED:.*]] = sextant.softcap %[[BIASED]] cap 3.000000e+01 : f32
  // CHECK-NEXT: %[[MASKED:.*]] = sextant.mask %[[CAPPED]] keep %[[KEEP]] at %[[I]], %[[J]] : f32
  // CHECK-NEXT: sextant.yield %[[MASKED]] : f32
  // CHECK-NEXT: } : tensor<2x5x6x13xf16>, tensor<2x6x5xf32>
  %o, %lse = sextant.attention query(%q0, %q1 : tensor<2x5x6x7xf16>, tensor<2x5x6x17xf16>)
      key(%k0, %k1 : tensor<2x11x3x7xf16>, tensor<2x11x1x17xf16>) value(%v : tensor<2x11x2x13xf16>)
      auxiliary(%table as <[head, distance], center = 4> : tensor<6x9xf32>,
                %mask as <[batch, head, query, key]> : tensor<2x1x5x11xi1>)
      at [1, 0, %past : tensor<2xi64>, %j0] layout query bshd key bshd value bshd result bshd
      scale 1.250000e-01 empty_row uniform sink(%sink : tensor<6xf32>) log_sum_exp score {
  ^bb0(%s: f32, %b: index, %h: index, %i: index, %j: index, %bias: f32, %keep: i1):
    %0 = sextant.distance_bias %s bias %bias at %i, %j before 4 after 4 : f32
    %1 = sextant.softcap %0 cap 3.000000e+01 : f32
    %2 = sextant.mask %1 keep %keep at %i, %j : f32
    sextant.yield %2 : f32
  } : tensor<2x5x6x13xf16>, tensor<2x6x5xf32>
  return %o, %lse : tensor<2x5x6x13xf16>, tensor<2x6x5xf32>
}

// CHECK-LABEL: func @free_dimensions_arrive_as_a_row
func.func @free_dimensions_arrive_as_a_row(
    %q: tensor<2x3x?x7xf32>, %k: tensor<2x3x?x7xf32>, %v: tensor<2x3x?x13xf32>,
    %rows: tensor<2x?x19xf32>) -> tensor<2x3x?x13xf32> {
  // CHECK: auxiliary(%{{.*}} as <[batch, query, free]> : tensor<2x?x19xf32>) score {
  // CHECK-NEXT: %aux: tensor<19xf32>):
  %o = sextant.attention query(%q : tensor<2x3x?x7xf32>) key(%k : tensor<2x3x?x7xf32>)
      value(%v : tensor<2x3x?x13xf32>) auxiliary(%rows as <[batch, query, free]> : tensor<2x?x19xf32>)
      score {
  ^bb0(%s: f32, %b: index, %h: index, %i: index, %j: index, %row: tensor<19xf32>):
    %entry = tensor.extract %row[%j] : tensor<19xf32>
    %0 = arith.addf %s, %entry : f32
    sextant.yield %0 : f32
  } : tensor<2x3x?x13xf32>
  return %o : tensor<2x3x?x13xf32>
}

// CHECK-LABEL: func @the_running_form_on_memrefs_has_no_results
func.func @the_running_form_on_memrefs_has_no_results(
    %q: memref<2x3x5x7xf32>, %k: memref<2x3x11x7xf32>, %v: memref<2x3x11x13xf32>,
    %acc: memref<2x3x5x13xf32>, %max: memref<2x3x5xf32>, %sum: memref<2x3x5xf32>,
    %sink: memref<3xf32>, %out: memref<2x5x3x13xf32>, %lse: memref<2x3x5xf32>) {
  // CHECK: sextant.online_attention query(%{{.*}} : memref<2x3x5x7xf32>)
  // CHECK-SAME: outs(%[[ACC:.*]], %[[MAX:.*]], %[[SUM:.*]] : memref<2x3x5x13xf32>, memref<2x3x5xf32>, memref<2x3x5xf32>){{$}}
  sextant.online_attention query(%q : memref<2x3x5x7xf32>) key(%k : memref<2x3x11x7xf32>)
      value(%v : memref<2x3x11x13xf32>)
      outs(%acc, %max, %sum : memref<2x3x5x13xf32>, memref<2x3x5xf32>, memref<2x3x5xf32>)
  // CHECK: sextant.finalize ins(%[[ACC]], %[[MAX]], %[[SUM]] : memref<2x3x5x13xf32>, memref<2x3x5xf32>, memref<2x3x5xf32>)
  // CHECK-SAME: sink(%{{.*}} : memref<3xf32>) outs(%{{.*}} : memref<2x5x3x13xf32>)
  // CHECK-SAME: log_sum_exp(%{{.*}} : memref<2x3x5xf32>) layout bshd{{$}}
  sextant.finalize ins(%acc, %max, %sum : memref<2x3x5x13xf32>, memref<2x3x5xf32>, memref<2x3x5xf32>)
      sink(%sink : memref<3xf32>) outs(%out : memref<2x5x3x13xf32>)
      log_sum_exp(%lse : memref<2x3x5xf32>) layout bshd
  return
}

// The result's type comes from the queries and the value.
// CHECK-LABEL: func @every_term_stands_alone
func.func @every_term_stands_alone(%s: f64, %i: index, %j: index, %x: f64, %n: index,
                                   %keep: i1, %table: tensor<8x3xf64>) -> f64 {
  // CHECK: sextant.causal %{{.*}} at %{{.*}}, %{{.*}} : f64
  %0 = sextant.causal %s at %i, %j : f64
  // CHECK: sextant.window %{{.*}} at %{{.*}}, %{{.*}} left 3 : f64
  %1 = sextant.window %0 at %i, %j left 3 : f64
  // CHECK: sextant.padding %{{.*}} length %{{.*}} at %{{.*}}, %{{.*}} : f64
  %2 = sextant.padding %1 length %n at %i, %j : f64
  // CHECK: sextant.alibi %{{.*}} slope %{{.*}} at %{{.*}}, %{{.*}} symmetric : f64
  %3 = sextant.alibi %2 slope %x at %i, %j symmetric : f64
  // CHECK: sextant.bucket_bias %{{.*}} table %{{.*}}[%{{.*}}] at %{{.*}}, %{{.*}} max_distance 32 bidirectional : f64, tensor<8x3xf64>
  %4 = sextant.bucket_bias %3 table %table[%n] at %i, %j max_distance 32 bidirectional
      : f64, tensor<8x3xf64>
  return %4 : f64
}
