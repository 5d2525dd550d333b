// Products of keys with long tables, which each chunk of queries computes for blocks of keys:
// numbers of both that neither divides, distances before the first entry and behind the last,
// nothing or the outer vector beyond, a table for each query head and one for all. Where rows are not
// known, products stay whole.
//
// RUN: sed -e 's/tensor<2x?x4x16xf32>/tensor<2x301x4x16xf32>/g; s/tensor.empty(.total)/tensor.empty()/g' \
// RUN:   -e 's/"sequence"/"301"/g; s/"total"/"301"/g; s/x?x/x301x/g' %s > %t-301.mlir
// RUN: sextant-compile %t-301.mlir -o %t.so --remarks=passed 2>&1 | FileCheck %s
// RUN: sextant-run %t-301.mlir --random=5 --check=reference
// RUN: sed -e 's/tensor<2x?x4x16xf32>/tensor<2x517x4x16xf32>/g; s/tensor.empty(.total)/tensor.empty()/g' \
// RUN:   -e 's/"sequence"/"517"/g; s/"total"/"1283"/g; s/x?x/x1283x/g' %s > %t-1283.mlir
// RUN: sextant-compile %t-1283.mlir -o %t.so --remarks=passed 2>&1 | FileCheck %s
// RUN: sextant-run %t-1283.mlir --random=5 --check=reference
// RUN: sed -e 's/tensor<2x?x4x16xf32>/tensor<2x3x4x16xf32>/g; s/tensor.empty(.total)/tensor.empty()/g' \
// RUN:   -e 's/"sequence"/"3"/g; s/"total"/"701"/g; s/x?x/x701x/g' %s > %t-701.mlir
// RUN: sextant-compile %t-701.mlir -o %t.so --remarks=passed 2>&1 | FileCheck %s
// RUN: sextant-run %t-701.mlir --random=5 --check=reference
// RUN: sextant-run %s --random=1 --dim sequence=301 --dim total=301 --check=reference
// RUN: sextant-run %s --random=2 --dim sequence=517 --dim total=1283 --check=reference
// RUN: sextant-run %s --random=3 --dim sequence=3 --dim total=701 --check=reference
// RUN: sextant-run %s --random=4 --dim sequence=1409 --dim total=67 --check=reference
// CHECK-COUNT-2: products of keys by query
func.func @main(%q: tensor<2x?x4x16xf32> {sextant.name = "q", sextant.dims = ["2", "sequence", "4", "16"]},
                %k: tensor<2x?x2x16xf32> {sextant.name = "k", sextant.dims = ["2", "total", "2", "16"]},
                %v: tensor<2x?x2x16xf32> {sextant.name = "v", sextant.dims = ["2", "total", "2", "16"]},
                %t: tensor<4x1031x16xf32> {sextant.name = "t", sextant.dims = ["4", "1031", "16"]},
                %u: tensor<1024x16xf32> {sextant.name = "u", sextant.dims = ["1024", "16"]},
                %w: tensor<1024x16xf32> {sextant.name = "w", sextant.dims = ["1024", "16"]})
    -> (tensor<2x?x4x16xf32> {sextant.name = "o", sextant.dims = ["2", "sequence", "4", "16"]},
        tensor<2x?x4x16xf32> {sextant.name = "p", sextant.dims = ["2", "sequence", "4", "16"]}) {
  %c1 = arith.constant 1 : index
  %zero = arith.constant 0.0 : f32
  %sequence = tensor.dim %q, %c1 : tensor<2x?x4x16xf32>
  %total = tensor.dim %k, %c1 : tensor<2x?x2x16xf32>
  %past = arith.subi %total, %sequence : index
  %first = arith.constant dense<[0, 5]> : tensor<2xi64>
  %ta = tensor.empty(%total) : tensor<2x4x?x1031xf32>
  %tz = linalg.fill ins(%zero : f32) outs(%ta : tensor<2x4x?x1031xf32>) -> tensor<2x4x?x1031xf32>
  %ke = tensor.empty(%total) : tensor<2x4x?x16xf32>
  %kh = linalg.generic {indexing_maps = [affine_map<(b, h, j, d) -> (b, h, j, d)>], iterator_types = ["parallel", "parallel", "parallel", "parallel"]}
      outs(%ke : tensor<2x4x?x16xf32>) {
  ^bb0(%x: f32):
    %b = linalg.index 0 : index
    %h = linalg.index 1 : index
    %j = linalg.index 2 : index
    %d = linalg.index 3 : index
    %c2 = arith.constant 2 : index
    %g = arith.divui %h, %c2 : index
    %own = tensor.extract %k[%b, %j, %g, %d] : tensor<2x?x2x16xf32>
    linalg.yield %own : f32
  } -> tensor<2x4x?x16xf32>
  %a = linalg.contract indexing_maps = [affine_map<(b, h, j, r, d) -> (b, h, j, d)>, affine_map<(b, h, j, r, d) -> (h, r, d)>,
                                        affine_map<(b, h, j, r, d) -> (b, h, j, r)>]
      ins(%kh, %t : tensor<2x4x?x16xf32>, tensor<4x1031x16xf32>) outs(%tz : tensor<2x4x?x1031xf32>) -> tensor<2x4x?x1031xf32>
  %ua = tensor.empty(%total) : tensor<2x4x?x1024xf32>
  %uz = linalg.fill ins(%zero : f32) outs(%ua : tensor<2x4x?x1024xf32>) -> tensor<2x4x?x1024xf32>
  %c = linalg.contract indexing_maps = [affine_map<(b, h, j, r, d) -> (b, h, j, d)>, affine_map<(b, h, j, r, d) -> (r, d)>,
                                        affine_map<(b, h, j, r, d) -> (b, h, j, r)>]
      ins(%kh, %u : tensor<2x4x?x16xf32>, tensor<1024x16xf32>) outs(%uz : tensor<2x4x?x1024xf32>) -> tensor<2x4x?x1024xf32>
  %e = linalg.contract indexing_maps = [affine_map<(b, h, j, r, d) -> (b, h, j, d)>, affine_map<(b, h, j, r, d) -> (r, d)>,
                                        affine_map<(b, h, j, r, d) -> (b, h, j, r)>]
      ins(%kh, %w : tensor<2x4x?x16xf32>, tensor<1024x16xf32>) outs(%uz : tensor<2x4x?x1024xf32>) -> tensor<2x4x?x1024xf32>
  %o = sextant.attention query(%q : tensor<2x?x4x16xf32>) key(%k : tensor<2x?x2x16xf32>) value(%v : tensor<2x?x2x16xf32>)
      auxiliary(%a as <[batch, head, key, distance], center = 500, beyond = zero> : tensor<2x4x?x1031xf32>,
                %c as <[batch, head, key, distance], center = 290> : tensor<2x4x?x1024xf32>)
      at [0, 0, %past, %first : tensor<2xi64>] layout query bshd key bshd value bshd result bshd score {
  ^bb0(%s: f32, %b: index, %h: index, %i: index, %j: index, %x: f32, %y: f32):
    %0 = arith.addf %s, %x : f32
    %1 = arith.addf %0, %y : f32
    sextant.yield %1 : f32
  } : tensor<2x?x4x16xf32>
  %p = sextant.attention query(%q : tensor<2x?x4x16xf32>) key(%k : tensor<2x?x2x16xf32>) value(%v : tensor<2x?x2x16xf32>)
      auxiliary(%e as <[batch, head, key, distance], center = 290> : tensor<2x4x?x1024xf32>)
      at [0, 0, %past, %first : tensor<2xi64>] layout query bshd key bshd value bshd result bshd score {
  ^bb0(%s: f32, %b: index, %h: index, %i: index, %j: index, %y: f32):
    %0 = arith.addf %s, %y : f32
    %1 = sextant.causal %0 at %i, %j : f32
    sextant.yield %1 : f32
  } : tensor<2x?x4x16xf32>
  return %o, %p : tensor<2x?x4x16xf32>, tensor<2x?x4x16xf32>
}
