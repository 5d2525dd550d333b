// Labels of 8 bits choose from a table whose number of entries needs more: of scores and of values.

// RUN: sextant-run %s --random=1 --dim s=41 --check=reference

func.func @main(
    %q: tensor<1x2x?x8xf32> {sextant.name = "q", sextant.dims = ["1", "2", "s", "8"]},
    %k: tensor<1x2x?x8xf32> {sextant.name = "k", sextant.dims = ["1", "2", "s", "8"]},
    %l: tensor<?x?xi8> {sextant.name = "l", sextant.dims = ["s", "s"]},
    %edge: tensor<2x200xf32> {sextant.name = "edge", sextant.dims = ["2", "200"]},
    %some: tensor<2x?xf32> {sextant.name = "some", sextant.dims = ["2", "s * 5"]},
    %vectors: tensor<200x8xf32> {sextant.name = "vectors", sextant.dims = ["200", "8"]})
    -> (tensor<1x2x?x8xf32> {sextant.name = "y", sextant.dims = ["1", "2", "s", "8"]}) {
  %o = sextant.attention query(%q : tensor<1x2x?x8xf32>) key(%k : tensor<1x2x?x8xf32>) value(%k : tensor<1x2x?x8xf32>)
      auxiliary(%edge as <[head, label]> : tensor<2x200xf32>, %some as <[head, label], beyond = zero> : tensor<2x?xf32>)
      labels(%l as <[query, key]> : tensor<?x?xi8>)
      scale 0.25 relative_value(%vectors as <[label, free]> : tensor<200x8xf32>) score {
  ^bb0(%s: f32, %b: index, %h: index, %i: index, %j: index, %x: f32, %z: f32):
    %0 = arith.addf %s, %x : f32
    %1 = arith.addf %0, %z : f32
    sextant.yield %1 : f32
  } : tensor<1x2x?x8xf32>
  return %o : tensor<1x2x?x8xf32>
}
