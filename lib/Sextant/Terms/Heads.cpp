//===- Heads.cpp - tables that terms read by head -------------------------===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Sextant/Terms/Heads.h"
#include "sextant/Sextant/IR/Sextant.h"

using namespace mlir;
using namespace mlir::sextant;

LogicalResult sextant::verifyHeads(Operation *term, Value head,
                                   ShapedType table, int64_t dim) {
  auto attention = term->getParentOfType<AttentionOpInterface>();
  auto argument = dyn_cast<BlockArgument>(head);
  if (!attention || !argument || table.isDynamicDim(dim) ||
      argument.getOwner() != &attention.getScore().front() ||
      argument.getArgNumber() != 2)
    return success();
  std::optional<int64_t> first =
      getConstantIntValue(attention.getMixedOrigin()[1]);
  int64_t heads = cast<ShapedType>(attention.getQueries().front().getType())
                      .getDimSize(getHeadDim(attention.getQueryLayout()));
  if (!first || ShapedType::isDynamic(heads) ||
      table.getDimSize(dim) >= *first + heads)
    return success();
  InFlightDiagnostic error = term->emitOpError("expects a table of ")
                             << *first + heads << " heads, but got "
                             << table.getDimSize(dim);
  error.attachNote(attention->getLoc()) << "whose heads are those of this";
  return error;
}
