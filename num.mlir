#map = affine_map<(d0, d1, d2, d3, d4) -> (d0, d1, d2, d4)>
#map1 = affine_map<(d0, d1, d2, d3, d4) -> (d0, d1, d3, d4)>
#map2 = affine_map<(d0, d1, d2, d3, d4) -> (d0, d1, d2, d3)>
#map3 = affine_map<(d0, d1, d2, d3) -> (d0, d1, d2, d3)>
#map4 = affine_map<(d0, d1, d2, d3) -> (d0, d1, d2)>
#map5 = affine_map<(d0, d1, d2, d3, d4) -> (d0, d1, d4, d3)>
module {
  func.func @main(%arg0: tensor<1x2x4x8xf32> {sextant.dims = ["1", "2", "4", "8"], sextant.name = "Q"}, %arg1: tensor<1x2x4x8xf32> {sextant.dims = ["1", "2", "4", "8"], sextant.name = "K"}, %arg2: tensor<1x2x4x8xf32> {sextant.dims = ["1", "2", "4", "8"], sextant.name = "V"}) -> (tensor<1x2x4x8xf32> {sextant.dims = ["1", "2", "4", "8"], sextant.name = "Y"}) {
    %cst = arith.constant 0xFF800000 : f32
    %cst_0 = arith.constant 2.000000e+01 : f32
    %cst_1 = arith.constant 0.353553355 : f32
    %cst_2 = arith.constant 0.000000e+00 : f32
    %0 = tensor.empty() : tensor<1x2x4x4xf32>
    %1 = linalg.fill ins(%cst_2 : f32) outs(%0 : tensor<1x2x4x4xf32>) -> tensor<1x2x4x4xf32>
    %2 = linalg.generic {indexing_maps = [#map, #map1, #map2], iterator_types = ["parallel", "parallel", "parallel", "parallel", "reduction"]} ins(%arg0, %arg1 : tensor<1x2x4x8xf32>, tensor<1x2x4x8xf32>) outs(%1 : tensor<1x2x4x4xf32>) {
    ^bb0(%in: f32, %in_3: f32, %out: f32):
      %17 = arith.mulf %in, %in_3 : f32
      %18 = arith.addf %out, %17 : f32
      linalg.yield %18 : f32
    } -> tensor<1x2x4x4xf32>
    %3 = linalg.generic {indexing_maps = [#map3], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} outs(%2 : tensor<1x2x4x4xf32>) {
    ^bb0(%out: f32):
      %17 = arith.mulf %out, %cst_1 : f32
      %18 = arith.divf %17, %cst_0 : f32
      %19 = math.tanh %18 : f32
      %20 = arith.mulf %19, %cst_0 : f32
      linalg.yield %20 : f32
    } -> tensor<1x2x4x4xf32>
    %4 = tensor.empty() : tensor<1x2x4xf32>
    %5 = linalg.fill ins(%cst : f32) outs(%4 : tensor<1x2x4xf32>) -> tensor<1x2x4xf32>
    %6 = linalg.generic {indexing_maps = [#map3, #map4], iterator_types = ["parallel", "parallel", "parallel", "reduction"]} ins(%3 : tensor<1x2x4x4xf32>) outs(%5 : tensor<1x2x4xf32>) {
    ^bb0(%in: f32, %out: f32):
      %17 = arith.maximumf %in, %out : f32
      linalg.yield %17 : f32
    } -> tensor<1x2x4xf32>
    %7 = tensor.empty() : tensor<1x2x4x4xf32>
    %8 = linalg.generic {indexing_maps = [#map3, #map4, #map3], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%3, %6 : tensor<1x2x4x4xf32>, tensor<1x2x4xf32>) outs(%7 : tensor<1x2x4x4xf32>) {
    ^bb0(%in: f32, %in_3: f32, %out: f32):
      %17 = arith.cmpf oeq, %in, %cst : f32
      %18 = arith.subf %in, %in_3 : f32
      %19 = math.exp %18 : f32
      %20 = arith.select %17, %cst_2, %19 : f32
      linalg.yield %20 : f32
    } -> tensor<1x2x4x4xf32>
    %9 = tensor.empty() : tensor<1x2x4xf32>
    %10 = linalg.fill ins(%cst_2 : f32) outs(%9 : tensor<1x2x4xf32>) -> tensor<1x2x4xf32>
    %11 = linalg.generic {indexing_maps = [#map3, #map4], iterator_types = ["parallel", "parallel", "parallel", "reduction"]} ins(%8 : tensor<1x2x4x4xf32>) outs(%10 : tensor<1x2x4xf32>) {
    ^bb0(%in: f32, %out: f32):
      %17 = arith.addf %in, %out : f32
      linalg.yield %17 : f32
    } -> tensor<1x2x4xf32>
    %12 = tensor.empty() : tensor<1x2x4x8xf32>
    %13 = linalg.fill ins(%cst_2 : f32) outs(%12 : tensor<1x2x4x8xf32>) -> tensor<1x2x4x8xf32>
    %14 = linalg.generic {indexing_maps = [#map, #map5, #map2], iterator_types = ["parallel", "parallel", "parallel", "parallel", "reduction"]} ins(%8, %arg2 : tensor<1x2x4x4xf32>, tensor<1x2x4x8xf32>) outs(%13 : tensor<1x2x4x8xf32>) {
    ^bb0(%in: f32, %in_3: f32, %out: f32):
      %17 = arith.mulf %in, %in_3 : f32
      %18 = arith.addf %out, %17 : f32
      linalg.yield %18 : f32
    } -> tensor<1x2x4x8xf32>
    %15 = tensor.empty() : tensor<1x2x4x8xf32>
    %16 = linalg.generic {indexing_maps = [#map3, #map4, #map3], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%14, %11 : tensor<1x2x4x8xf32>, tensor<1x2x4xf32>) outs(%15 : tensor<1x2x4x8xf32>) {
    ^bb0(%in: f32, %in_3: f32, %out: f32):
      %17 = arith.cmpf oeq, %in_3, %cst_2 : f32
      %18 = arith.divf %in, %in_3 : f32
      %19 = arith.select %17, %cst_2, %18 : f32
      linalg.yield %19 : f32
    } -> tensor<1x2x4x8xf32>
    return %16 : tensor<1x2x4x8xf32>
  }
}

