// Splits the keys of each step among three threads, each with a histogram.
module attributes {transform.with_named_sequence} {
  transform.named_sequence @__transform_main(%root: !transform.any_op {transform.readonly}) {
    %steps = transform.structured.match ops{["sextant.online_attention"]} in %root
        : (!transform.any_op) -> !transform.any_op
    transform.foreach %steps : !transform.any_op {
    ^bb0(%step: !transform.any_op):
      %fill:4, %tile, %merge, %loop = transform.structured.tile_reduction_using_forall %step
          by num_threads = [0, 0, 0, 3]
          : (!transform.any_op) -> (!transform.any_op, !transform.any_op, !transform.any_op,
                                    !transform.any_op, !transform.any_op, !transform.any_op,
                                    !transform.any_op)
    }
    transform.yield
  }
}
