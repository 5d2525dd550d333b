// RUN: sextant-opt %s --sextant-check-reads --split-input-file --verify-diagnostics | FileCheck %s
// RUN: not sextant-opt %s --sextant-check-reads --split-input-file --remarks-filter=sextant-check-reads -o /dev/null 2>&1 | FileCheck %s --check-prefix=REMARK

// CHECK-LABEL: func @what_is_known_is_not_checked
// CHECK-NOT: cf.assert
func.func @what_is_known_is_not_checked(%q: tensor<2x3x5x7xf32>, %k: tensor<2x3x11x7xf32>, %t: tensor<32x3xf32>,
                                        %rows: tensor<5xf32>, %two: tensor<2xf32>) -> tensor<2x3x5x7xf32> {
  %c1 = arith.constant 1 : index
  %o = sextant.attention query(%q : tensor<2x3x5x7xf32>) key(%k : tensor<2x3x11x7xf32>) value(%k : tensor<2x3x11x7xf32>) score {
  ^bb0(%s: f32, %b: index, %h: index, %i: index, %j: index):
    %0 = sextant.bucket_bias %s table %t[%h] at %i, %j max_distance 128 bidirectional : f32, tensor<32x3xf32>
    %row = tensor.extract %rows[%i] : tensor<5xf32>
    %entry = tensor.extract %two[%b] : tensor<2xf32>
    %last = tensor.extract %two[%c1] : tensor<2xf32>
    %held = arith.minsi %j, %c1 : index
    %near = tensor.extract %two[%held] : tensor<2xf32>
    %1 = arith.addf %0, %row : f32
    %2 = arith.addf %1, %entry : f32
    %3 = arith.addf %2, %last : f32
    %4 = arith.addf %3, %near : f32
    sextant.yield %4 : f32
  } : tensor<2x3x5x7xf32>
  return %o : tensor<2x3x5x7xf32>
}

// CHECK-LABEL: func @tables_by_head_are_checked
// CHECK-SAME: %[[T:[a-z0-9]+]]: tensor<32x?xf32>
// CHECK: %[[HEADS:.*]] = tensor.dim %[[T]], %c1
// CHECK: %[[HOLDS:.*]] = arith.cmpi sge, %[[HEADS]], %c3
// CHECK: %[[CHECKED:.*]] = sextant.got %{{.*}} unless %[[HOLDS]]
// CHECK: cf.assert %[[CHECKED]], "attention: expects dimension 1 of what 'sextant.bucket_bias' reads to have an entry for each head, 3 or more"
func.func @tables_by_head_are_checked(%q: tensor<2x3x5x7xf32>, %t: tensor<32x?xf32>) -> tensor<2x3x5x7xf32> {
  %o = sextant.attention query(%q : tensor<2x3x5x7xf32>) key(%q : tensor<2x3x5x7xf32>) value(%q : tensor<2x3x5x7xf32>) score {
  ^bb0(%s: f32, %b: index, %h: index, %i: index, %j: index):
    %0 = sextant.bucket_bias %s table %t[%h] at %i, %j max_distance 128 bidirectional : f32, tensor<32x?xf32>
    sextant.yield %0 : f32
  } : tensor<2x3x5x7xf32>
  return %o : tensor<2x3x5x7xf32>
}

// The op comes back as it was: terms are lowered to be looked at only.
// CHECK-LABEL: func @networks_by_head_are_checked
// CHECK-DAG: cf.assert %{{.*}}, "attention: expects dimension 1 of what 'sextant.fire' reads to have an entry for each head, 3 or more"
// CHECK-DAG: cf.assert %{{.*}}, "attention: expects dimension 0 of what 'sextant.fire' reads to have an entry for each head, 3 or more"
// CHECK: ^bb0
// CHECK-NEXT: sextant.fire
// CHECK-NEXT: sextant.yield
func.func @networks_by_head_are_checked(%q: tensor<2x3x5x7xf32>, %c: f32, %w: tensor<2xf32>, %v: tensor<2x?xf32>,
                                        %d: tensor<?xf32>) -> tensor<2x3x5x7xf32> {
  %o = sextant.attention query(%q : tensor<2x3x5x7xf32>) key(%q : tensor<2x3x5x7xf32>) value(%q : tensor<2x3x5x7xf32>) score {
  ^bb0(%s: f32, %b: index, %h: index, %i: index, %j: index):
    %0 = sextant.fire %s scale %c threshold %c in(%w, %w) out(%v, %d) [%h] at %i, %j
        : f32, tensor<2xf32>, tensor<2x?xf32>, tensor<?xf32>
    sextant.yield %0 : f32
  } : tensor<2x3x5x7xf32>
  return %o : tensor<2x3x5x7xf32>
}

// A part of the heads reads from where its heads begin.
// CHECK-LABEL: func @origins_count
// CHECK-SAME: %[[T:[a-z0-9]+]]: tensor<32x5xf32>, %[[AT:[a-z0-9]+]]: index
// CHECK: %[[END:.*]] = arith.addi %[[AT]], %c3
// CHECK: arith.cmpi sle, %[[END]], %c5
// CHECK: arith.cmpi sge, %[[AT]], %c0
// CHECK: cf.assert %{{.*}}, "attention: expects dimension 1 of what 'sextant.bucket_bias' reads to have an entry for each head, as it has for those from 0 to 4"
func.func @origins_count(%q: tensor<2x3x5x7xf32>, %t: tensor<32x5xf32>, %at: index) -> tensor<2x3x5x7xf32> {
  %o = sextant.attention query(%q : tensor<2x3x5x7xf32>) key(%q : tensor<2x3x5x7xf32>) value(%q : tensor<2x3x5x7xf32>)
      at [0, %at, 0, 0] score {
  ^bb0(%s: f32, %b: index, %h: index, %i: index, %j: index):
    %0 = sextant.bucket_bias %s table %t[%h] at %i, %j max_distance 128 bidirectional : f32, tensor<32x5xf32>
    sextant.yield %0 : f32
  } : tensor<2x3x5x7xf32>
  return %o : tensor<2x3x5x7xf32>
}

// CHECK-LABEL: func @origins_of_each_entry_count
// CHECK: linalg.generic
// CHECK: arith.minsi
// CHECK: arith.maxsi
// CHECK-NOT: linalg.generic
// CHECK: cf.assert %{{.*}}, "attention: expects dimension 0 of what 'tensor.extract' reads to have an entry for each query, as it has for those from 0 to 12"
func.func @origins_of_each_entry_count(%q: tensor<2x3x5x7xf32>, %t: tensor<13xf32>, %at: tensor<2xi64>) -> tensor<2x3x5x7xf32> {
  %o = sextant.attention query(%q : tensor<2x3x5x7xf32>) key(%q : tensor<2x3x5x7xf32>) value(%q : tensor<2x3x5x7xf32>)
      at [0, 0, %at : tensor<2xi64>, 0] score {
  ^bb0(%s: f32, %b: index, %h: index, %i: index, %j: index):
    %x = tensor.extract %t[%i] : tensor<13xf32>
    %0 = arith.addf %s, %x : f32
    sextant.yield %0 : f32
  } : tensor<2x3x5x7xf32>
  return %o : tensor<2x3x5x7xf32>
}

// CHECK-LABEL: func @operands_have_the_sizes_of_their_roles
// CHECK-DAG: cf.assert %{{.*}}, "attention: expects dimension 0 of auxiliary operand 0 to have one entry for each head, which are 3"
// CHECK-DAG: cf.assert %{{.*}}, "attention: expects dimension 0 of auxiliary operand 1 to have one entry for each batch"
// CHECK-DAG: cf.assert %{{.*}}, "attention: expects dimension 1 of auxiliary operand 1 to have one entry for each key, as it has for 17"
// CHECK-DAG: cf.assert %{{.*}}, "attention: expects dimension 0 of auxiliary operand 2 to have an entry"
// CHECK-DAG: cf.assert %{{.*}}, "attention: expects dimension 0 of the sink to have one entry for each head, which are 3"
// CHECK-DAG: cf.assert %{{.*}}, "attention: expects dimension 0 of the origin to have one entry for each batch, as it has for 1"
func.func @operands_have_the_sizes_of_their_roles(%q: tensor<?x3x?x7xf32>, %slopes: tensor<?xf32>, %keep: tensor<?x17xf32>,
                                                  %table: tensor<?xf32>, %sink: tensor<?xf32>,
                                                  %at: tensor<1xi64>) -> tensor<?x3x?x7xf32> {
  %o = sextant.attention query(%q : tensor<?x3x?x7xf32>) key(%q : tensor<?x3x?x7xf32>) value(%q : tensor<?x3x?x7xf32>)
      auxiliary(%slopes as <[head]> : tensor<?xf32>, %keep as <[batch, key]> : tensor<?x17xf32>,
                %table as <[distance], center = 3> : tensor<?xf32>)
      at [0, 0, %at : tensor<1xi64>, 0] sink(%sink : tensor<?xf32>) score {
  ^bb0(%s: f32, %b: index, %h: index, %i: index, %j: index, %x: f32, %y: f32, %z: f32):
    %0 = arith.addf %s, %x : f32
    %1 = arith.addf %0, %y : f32
    %2 = arith.addf %1, %z : f32
    sextant.yield %2 : f32
  } : tensor<?x3x?x7xf32>
  return %o : tensor<?x3x?x7xf32>
}

// CHECK-LABEL: func @rows_of_buckets_are_checked
// CHECK-SAME: %[[T:[a-z0-9]+]]: tensor<3x?xf32>
// CHECK: tensor.dim %[[T]], %c1
// CHECK: cf.assert %{{.*}}, "attention: expects dimension 0 of what 'tensor.extract' reads to have an entry for each index that it is read at, 16 or more"
func.func @rows_of_buckets_are_checked(%q: tensor<2x3x5x7xf32>, %t: tensor<3x?xf32>) -> tensor<2x3x5x7xf32> {
  %o = sextant.attention query(%q : tensor<2x3x5x7xf32>) key(%q : tensor<2x3x5x7xf32>) value(%q : tensor<2x3x5x7xf32>)
      auxiliary(%t as <[head, free]> : tensor<3x?xf32>) score {
  ^bb0(%s: f32, %b: index, %h: index, %i: index, %j: index, %row: tensor<?xf32>):
    %at = sextant.log_bucket %i, %j size 8 max_distance 32
    %x = tensor.extract %row[%at] : tensor<?xf32>
    %0 = arith.addf %s, %x : f32
    sextant.yield %0 : f32
  } : tensor<2x3x5x7xf32>
  return %o : tensor<2x3x5x7xf32>
}

// REMARK: remark: [Missed] Unchecked{{.*}}what it reads in dimension 0 is not checked: the index is computed
func.func @what_is_computed_is_not_checked(%q: tensor<2x3x5x7xf32>, %t: tensor<4xf32>) -> tensor<2x3x5x7xf32> {
  %o = sextant.attention query(%q : tensor<2x3x5x7xf32>) key(%q : tensor<2x3x5x7xf32>) value(%q : tensor<2x3x5x7xf32>) score {
  ^bb0(%s: f32, %b: index, %h: index, %i: index, %j: index):
    %at = arith.addi %i, %j : index
    %x = tensor.extract %t[%at] : tensor<4xf32>
    %0 = arith.addf %s, %x : f32
    sextant.yield %0 : f32
  } : tensor<2x3x5x7xf32>
  return %o : tensor<2x3x5x7xf32>
}

// -----

func.func @a_short_list_by_head(%q: tensor<2x3x5x7xf32>, %t: tensor<2xf32>) -> tensor<2x3x5x7xf32> {
  // expected-note @+1 {{of this}}
  %o = sextant.attention query(%q : tensor<2x3x5x7xf32>) key(%q : tensor<2x3x5x7xf32>) value(%q : tensor<2x3x5x7xf32>) score {
  ^bb0(%s: f32, %b: index, %h: index, %i: index, %j: index):
    // expected-error @+1 {{expects dimension 0 of what it reads to have an entry for each head, 3 or more, but got 2}}
    %x = tensor.extract %t[%h] : tensor<2xf32>
    %0 = arith.addf %s, %x : f32
    sextant.yield %0 : f32
  } : tensor<2x3x5x7xf32>
  return %o : tensor<2x3x5x7xf32>
}

// -----

func.func @a_short_list_by_key_behind_an_origin(%q: tensor<2x3x5x7xf32>, %t: tensor<8xf32>) -> tensor<2x3x5x7xf32> {
  // expected-note @+1 {{of this}}
  %o = sextant.attention query(%q : tensor<2x3x5x7xf32>) key(%q : tensor<2x3x5x7xf32>) value(%q : tensor<2x3x5x7xf32>)
      at [0, 0, 0, 4] score {
  ^bb0(%s: f32, %b: index, %h: index, %i: index, %j: index):
    // expected-error @+1 {{expects dimension 0 of what it reads to have an entry for each key, 9 or more, but got 8}}
    %x = tensor.extract %t[%j] : tensor<8xf32>
    %0 = arith.addf %s, %x : f32
    sextant.yield %0 : f32
  } : tensor<2x3x5x7xf32>
  return %o : tensor<2x3x5x7xf32>
}

// -----

func.func @a_constant_beyond(%q: tensor<2x3x5x7xf32>, %t: tensor<2xf32>) -> tensor<2x3x5x7xf32> {
  %c2 = arith.constant 2 : index
  // expected-note @+1 {{of this}}
  %o = sextant.attention query(%q : tensor<2x3x5x7xf32>) key(%q : tensor<2x3x5x7xf32>) value(%q : tensor<2x3x5x7xf32>) score {
  ^bb0(%s: f32, %b: index, %h: index, %i: index, %j: index):
    // expected-error @+1 {{expects dimension 0 of what it reads to have an entry for each index that it is read at, 3 or more, but got 2}}
    %x = tensor.extract %t[%c2] : tensor<2xf32>
    %0 = arith.addf %s, %x : f32
    sextant.yield %0 : f32
  } : tensor<2x3x5x7xf32>
  return %o : tensor<2x3x5x7xf32>
}

// -----

func.func @a_short_row_of_buckets(%q: tensor<2x3x5x7xf32>, %t: tensor<3x15xf32>) -> tensor<2x3x5x7xf32> {
  // expected-note @+1 {{of this}}
  %o = sextant.attention query(%q : tensor<2x3x5x7xf32>) key(%q : tensor<2x3x5x7xf32>) value(%q : tensor<2x3x5x7xf32>)
      auxiliary(%t as <[head, free]> : tensor<3x15xf32>) score {
  ^bb0(%s: f32, %b: index, %h: index, %i: index, %j: index, %row: tensor<15xf32>):
    %at = sextant.log_bucket %i, %j size 8 max_distance 32
    // expected-error @+1 {{expects dimension 0 of what it reads to have an entry for each index that it is read at, 16 or more, but got 15}}
    %x = tensor.extract %row[%at] : tensor<15xf32>
    %0 = arith.addf %s, %x : f32
    sextant.yield %0 : f32
  } : tensor<2x3x5x7xf32>
  return %o : tensor<2x3x5x7xf32>
}
