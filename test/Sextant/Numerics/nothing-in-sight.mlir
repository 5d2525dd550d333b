// Queries whose window is behind the last key of their batch entry see nothing, whatever a mask that is read says: keys
// that nobody sees were never packed.

// RUN: %python -c "import numpy; numpy.save('%t-n.npy', numpy.array([50, 150])); numpy.save('%t-d.npy', numpy.sort(numpy.arange(600).reshape(2, 300) * 37 %% 5, axis=1).astype('i4'))"
// RUN: sextant-run %s --random=1 --dim b=2 --dim s=300 --input=lengths=%t-n.npy --input=documents=%t-d.npy --check=reference
// RUN: sextant-run %s --random=1 --dim b=2 --dim s=300 --input=lengths=%t-n.npy --input=documents=%t-d.npy --check=reference --threads=2

func.func @main(
    %q: tensor<?x2x?x16xf32> {sextant.name = "q", sextant.dims = ["b", "2", "s", "16"]},
    %k: tensor<?x2x?x16xf32> {sextant.name = "k", sextant.dims = ["b", "2", "s", "16"]},
    %lengths: tensor<?xi64> {sextant.name = "lengths", sextant.dims = ["b"]},
    %documents: tensor<?x?xi32> {sextant.name = "documents", sextant.dims = ["b", "s"]})
    -> (tensor<?x2x?x16xf32> {sextant.name = "y", sextant.dims = ["b", "2", "s", "16"]}) {
  %o = sextant.attention query(%q : tensor<?x2x?x16xf32>) key(%k : tensor<?x2x?x16xf32>) value(%k : tensor<?x2x?x16xf32>)
      auxiliary(%lengths as <[batch]> : tensor<?xi64>, %documents as <[batch, query]> : tensor<?x?xi32>,
                %documents as <[batch, key]> : tensor<?x?xi32>) scale 0.25 score {
  ^bb0(%s: f32, %b: index, %h: index, %i: index, %j: index, %length: i64, %mine: i32, %its: i32):
    %end = arith.index_cast %length : i64 to index
    %0 = sextant.window %s at %i, %j left 16 right 0 : f32
    %1 = sextant.padding %0 length %end at %i, %j : f32
    %2 = sextant.document %1 segments %mine, %its at %i, %j : f32, i32
    sextant.yield %2 : f32
  } : tensor<?x2x?x16xf32>
  return %o : tensor<?x2x?x16xf32>
}
