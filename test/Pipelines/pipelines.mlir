// RUN: sextant-opt %s --sextant-reference --dump-pass-pipeline 2>&1 | FileCheck %s --check-prefixes=BOTH,REFERENCE
// RUN: sextant-opt %s --sextant-cpu --dump-pass-pipeline 2>&1 | FileCheck %s --check-prefixes=BOTH,CPU

// The order that the passes rely on, and what sets the pipelines apart.
// BOTH: convert-elementwise-to-linalg
// BOTH: sextant-expand-softmax
// BOTH: sextant-check-shapes
// BOTH: sextant-derive-shapes
// CPU: linalg-fuse-elementwise-ops
// REFERENCE-NOT: linalg-fuse-elementwise-ops
// BOTH: sextant-add-destinations
// BOTH: eliminate-empty-tensors
// BOTH: one-shot-bufferize
// BOTH: sextant-expand-copies
// REFERENCE: convert-linalg-to-loops
// CPU: sextant-lower-to-rows
// BOTH: sextant-collect-weights
// BOTH: sextant-plan-workspace
// BOTH: sextant-outline-parallel
// REFERENCE-NOT: sextant-approximate-math
// CPU: sextant-approximate-math
// BOTH: convert-scf-to-cf
// BOTH: sextant-lower-assertions
// BOTH: sextant-make-entry-points
// BOTH: finalize-memref-to-llvm
// BOTH: convert-arith-to-llvm
// BOTH: reconcile-unrealized-casts
// BOTH: sextant-mark-disjoint

// Nothing allocates, and nothing calls what only MLIR's own runner has.
// BOTH-LABEL: llvm.func @main(
// BOTH-NOT: @malloc
// BOTH-NOT: @memrefCopy
func.func @main(%x: tensor<?x7xf32>) -> tensor<?x7xf32> {
  %c0 = arith.constant 0 : index
  %n = tensor.dim %x, %c0 : tensor<?x7xf32>
  %e = tensor.empty(%n) : tensor<?x7xf32>
  %s = linalg.softmax dimension(1) ins(%x : tensor<?x7xf32>) outs(%e : tensor<?x7xf32>) -> tensor<?x7xf32>
  %r = tensor.extract_slice %s[0, 1] [%n, 3] [1, 2] : tensor<?x7xf32> to tensor<?x3xf32>
  %w = tensor.insert_slice %r into %x[0, 2] [%n, 3] [1, 1] : tensor<?x3xf32> into tensor<?x7xf32>
  return %w : tensor<?x7xf32>
}
