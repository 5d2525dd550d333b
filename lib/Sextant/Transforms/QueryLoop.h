//===- QueryLoop.h - attention in chunks of queries -------------*- C++ -*-===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEXTANT_LIB_SEXTANT_TRANSFORMS_QUERYLOOP_H
#define SEXTANT_LIB_SEXTANT_TRANSFORMS_QUERYLOOP_H

#include "sextant/Sextant/IR/AttentionPart.h"

#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/PatternMatch.h"

namespace mlir::sextant {

/// The attentions inside `root`. Fails, and says so, unless `chunk`, the option
/// of a pass, is positive.
FailureOr<SmallVector<AttentionOp>> findAttentions(Operation *root,
                                                   int64_t chunk);

/// Builds whether `row`, an index, of a batch entry is not to be in one chunk
/// with `first`, a row before it.
using BuildIsApart =
    function_ref<Value(OpFoldResult batch, Value first, Value row)>;

/// Replaces `op`, not in layout `thd`, by a loop over chunks of its queries, in
/// each batch entry by itself if that is asked for. `build` writes what a chunk
/// computes. Without more rows than a chunk has there is no loop. With
/// `buildIsApart`, a chunk also ends before a row that is apart from its first.
void splitQueries(RewriterBase &rewriter, AttentionOp op, int64_t chunk,
                  bool eachBatch,
                  function_ref<AttentionOp(const AttentionPart &)> build,
                  BuildIsApart buildIsApart = {});

/// The same over batch entries and key heads, each with all queries of the
/// heads that share it.
void splitHeads(RewriterBase &rewriter, AttentionOp op,
                function_ref<AttentionOp(const AttentionPart &)> build);

/// Computes what `slice` takes of the result of an op that tiles, its empty
/// destination included, instead of slicing; the op that does. Fails, and
/// changes nothing, where the op does not tile.
FailureOr<Operation *> fuseProducer(RewriterBase &rewriter,
                                    tensor::ExtractSliceOp slice);

/// Erases an op with a destination of which nothing but sizes is read.
void eraseIfUnread(RewriterBase &rewriter, Operation *op);

} // namespace mlir::sextant

#endif // SEXTANT_LIB_SEXTANT_TRANSFORMS_QUERYLOOP_H
