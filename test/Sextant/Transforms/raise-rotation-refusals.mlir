// RUN: sextant-opt %s --sextant-raise-rotation | FileCheck %s
// RUN: sextant-opt %s --sextant-raise-rotation -o /dev/null --remark-format=emitRemark --remark-policy=all \
// RUN:   --remarks-filter=sextant-raise-rotation 2>&1 | FileCheck %s --check-prefix=REMARK

// Three dimensions are no planes.

// REMARK: rotation kept: it turns an odd number of dimensions
// CHECK-LABEL: func @an_odd_number_of_dimensions
// CHECK-NOT: sextant.rotate
func.func @an_odd_number_of_dimensions(%x: tensor<2x5x7x3xf32>) -> tensor<2x5x7x3xf32> {
  %c2 = arith.constant 2 : index
  %e = tensor.empty() : tensor<2x5x7x3xf32>
  %r = linalg.generic {indexing_maps = [affine_map<(b, h, s, d) -> (b, h, s, d)>, affine_map<(b, h, s, d) -> (b, h, s, d)>],
                       iterator_types = ["parallel", "parallel", "parallel", "parallel"]}
      ins(%x : tensor<2x5x7x3xf32>) outs(%e : tensor<2x5x7x3xf32>) {
  ^bb0(%u: f32, %o: f32):
    %b = linalg.index 0 : index
    %h = linalg.index 1 : index
    %s = linalg.index 2 : index
    %d = linalg.index 3 : index
    %i = arith.index_cast %s : index to i64
    %p = arith.sitofp %i : i64 to f32
    %cos = math.cos %p : f32
    %sin = math.sin %p : f32
    %other = arith.subi %c2, %d : index
    %y = tensor.extract %x[%b, %h, %s, %other] : tensor<2x5x7x3xf32>
    %l = arith.mulf %u, %cos : f32
    %m = arith.mulf %y, %sin : f32
    %turned = arith.subf %l, %m : f32
    linalg.yield %turned : f32
  } -> tensor<2x5x7x3xf32>
  return %r : tensor<2x5x7x3xf32>
}
