// RUN: sextant-opt %s --sextant-fold-checks --mlir-print-local-scope | FileCheck %s
// RUN: sextant-opt %s --sextant-fold-checks -o /dev/null --remark-format=emitRemark --remark-policy=all \
// RUN:   --remarks-filter='sextant-fold-checks' 2>&1 | FileCheck %s --check-prefix=REMARK

// A mask is read at all keys, of a past and of new rows: it has to be as long
// as both together. One comparison takes the place of one for each key.

// CHECK-LABEL: func @a_mask_is_as_long_as_past_and_new
// CHECK-SAME: %[[IDS:[a-z0-9]+]]: tensor<2x?xi64>
// CHECK-SAME: %[[PAST:[a-z0-9]+]]: tensor<2x3x?x7xf32>
// CHECK-SAME: %[[MASK:[a-z0-9]+]]: tensor<2x?xi64>
// CHECK-DAG: %[[P:.*]] = tensor.dim %[[PAST]], %{{.*}}
// CHECK-DAG: %[[S:.*]] = tensor.dim %[[IDS]], %{{.*}}
// CHECK-DAG: %[[L:.*]] = tensor.dim %[[MASK]], %{{.*}}
// CHECK: %[[FITS:.*]] = arith.cmpi eq, %{{.*}}, %[[L]] : index
// CHECK-NEXT: cf.assert %[[FITS]], "input 'mask': expects dimension 1 to be '{{past \+ sequence|sequence \+ past}}'"
// CHECK-NOT: linalg.generic
// CHECK-NOT: cf.assert
// CHECK: return

// REMARK: remark: [Passed] Folded | Category:sextant-fold-checks | {{.*}}a check of every index became 1 comparisons of sizes
func.func @a_mask_is_as_long_as_past_and_new(
    %ids: tensor<2x?xi64> {sextant.name = "ids", sextant.dims = ["2", "sequence"]},
    %past: tensor<2x3x?x7xf32> {sextant.name = "past", sextant.dims = ["2", "3", "past", "7"]},
    %mask: tensor<2x?xi64> {sextant.name = "mask", sextant.dims = ["2", "total"]}) -> tensor<2x?xi64> {
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %true = arith.constant dense<true> : tensor<i1>
  %s = tensor.dim %ids, %c1 : tensor<2x?xi64>
  %p = tensor.dim %past, %c2 : tensor<2x3x?x7xf32>
  %have = tensor.dim %mask, %c1 : tensor<2x?xi64>
  %keys = arith.addi %p, %s : index
  %each = tensor.generate %keys {
  ^bb0(%j: index):
    %inside = arith.cmpi slt, %j, %have : index
    tensor.yield %inside : i1
  } : tensor<?xi1>
  %all = linalg.generic {indexing_maps = [affine_map<(j) -> (j)>, affine_map<(j) -> ()>], iterator_types = ["reduction"]}
      ins(%each : tensor<?xi1>) outs(%true : tensor<i1>) {
  ^bb0(%in: i1, %out: i1):
    %0 = arith.andi %in, %out : i1
    linalg.yield %0 : i1
  } -> tensor<i1>
  %ok = tensor.extract %all[] : tensor<i1>
  cf.assert %ok, "expects indices inside"
  %read = tensor.extract_slice %mask[0, 0] [2, %keys] [1, 1] : tensor<2x?xi64> to tensor<2x?xi64>
  return %read : tensor<2x?xi64>
}

// A table of numbers may well be longer than what is read of it.

// CHECK-LABEL: func @a_table_is_long_enough
// CHECK: arith.cmpi sge, %{{.*}}, %{{.*}} : index
// CHECK-NEXT: cf.assert %{{.*}}, "expects indices inside"
// CHECK-NOT: cf.assert
// CHECK: return
func.func @a_table_is_long_enough(%ids: tensor<?xi64>, %table: tensor<?x5xf32>) -> tensor<?x5xf32> {
  %c0 = arith.constant 0 : index
  %true = arith.constant dense<true> : tensor<i1>
  %need = tensor.dim %ids, %c0 : tensor<?xi64>
  %have = tensor.dim %table, %c0 : tensor<?x5xf32>
  %each = tensor.generate %need {
  ^bb0(%j: index):
    %inside = arith.cmpi slt, %j, %have : index
    tensor.yield %inside : i1
  } : tensor<?xi1>
  %all = linalg.generic {indexing_maps = [affine_map<(j) -> (j)>, affine_map<(j) -> ()>], iterator_types = ["reduction"]}
      ins(%each : tensor<?xi1>) outs(%true : tensor<i1>) {
  ^bb0(%in: i1, %out: i1):
    %0 = arith.andi %in, %out : i1
    linalg.yield %0 : i1
  } -> tensor<i1>
  %ok = tensor.extract %all[] : tensor<i1>
  cf.assert %ok, "expects indices inside"
  %read = tensor.extract_slice %table[0, 0] [%need, 5] [1, 1] : tensor<?x5xf32> to tensor<?x5xf32>
  return %read : tensor<?x5xf32>
}

// Rows that a call brings have to be looked at one by one.

// CHECK-LABEL: func @data_is_still_checked
// CHECK: linalg.generic
// CHECK: cf.assert
func.func @data_is_still_checked(%ids: tensor<?xi64>) -> tensor<?xi64> {
  %c0 = arith.constant 0 : index
  %c11 = arith.constant 11 : index
  %true = arith.constant dense<true> : tensor<i1>
  %n = tensor.dim %ids, %c0 : tensor<?xi64>
  %each = tensor.generate %n {
  ^bb0(%j: index):
    %id = tensor.extract %ids[%j] : tensor<?xi64>
    %at = arith.index_cast %id : i64 to index
    %inside = arith.cmpi slt, %at, %c11 : index
    tensor.yield %inside : i1
  } : tensor<?xi1>
  %all = linalg.generic {indexing_maps = [affine_map<(j) -> (j)>, affine_map<(j) -> ()>], iterator_types = ["reduction"]}
      ins(%each : tensor<?xi1>) outs(%true : tensor<i1>) {
  ^bb0(%in: i1, %out: i1):
    %0 = arith.andi %in, %out : i1
    linalg.yield %0 : i1
  } -> tensor<i1>
  %ok = tensor.extract %all[] : tensor<i1>
  cf.assert %ok, "expects indices inside"
  return %ids : tensor<?xi64>
}

// Keys at columns i and i + 3 of a row of three more: nothing is left to check.

// CHECK-LABEL: func @what_is_known_is_not_checked
// CHECK-NOT: cf.assert
// CHECK: return
// REMARK: a check of every index became 0 comparisons of sizes
func.func @what_is_known_is_not_checked(%x: tensor<?x?xf32>) -> tensor<?x?xf32> {
  %c0 = arith.constant 0 : index
  %c3 = arith.constant 3 : index
  %true = arith.constant dense<true> : tensor<i1>
  %n = tensor.dim %x, %c0 : tensor<?x?xf32>
  %more = arith.addi %n, %c3 : index
  %each = tensor.generate %n, %n {
  ^bb0(%b: index, %i: index):
    %far = arith.addi %i, %c3 : index
    %inside = arith.cmpi slt, %far, %more : index
    tensor.yield %inside : i1
  } : tensor<?x?xi1>
  %all = linalg.generic {indexing_maps = [affine_map<(b, j) -> (b, j)>, affine_map<(b, j) -> ()>],
                         iterator_types = ["reduction", "reduction"]}
      ins(%each : tensor<?x?xi1>) outs(%true : tensor<i1>) {
  ^bb0(%in: i1, %out: i1):
    %0 = arith.andi %in, %out : i1
    linalg.yield %0 : i1
  } -> tensor<i1>
  %ok = tensor.extract %all[] : tensor<i1>
  cf.assert %ok, "expects indices inside"
  return %x : tensor<?x?xf32>
}
