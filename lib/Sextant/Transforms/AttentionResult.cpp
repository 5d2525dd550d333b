//===- AttentionResult.cpp - the result of a raised attention -------------===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "AttentionBuilder.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Utils/IndexingUtils.h"

using namespace mlir;
using namespace mlir::sextant;

//===----------------------------------------------------------------------===//
// Rows without keys
//===----------------------------------------------------------------------===//

/// Whether the expression has a -inf, or an argument's number that may be one.
static bool mayBeInfinite(Element expr) {
  bool found = false;
  walkElement(expr, [&](Element node) {
    std::optional<APFloat> number = ElementContext::getFloat(node);
    found |= number && number->isInfinity() && number->isNegative();
    found |= node->kind == ElementKind::Load && isa<FloatType>(node->type) &&
             isa<BlockArgument>(node->value);
  });
  return found;
}

/// Whether all scores of some row may be -inf where no guard follows: softmax
/// makes NaN of them, the attention zero.
bool AttentionBuilder::mayBeEmpty() {
  if (match.guarded || match.sink || !mayBeInfinite(match.score))
    return false;
  // Not if every query sees the key of its own position.
  Element own = context.add(match.query, findOrigin());
  if (own->coordinates != match.query->coordinates ||
      !context.proveInRange(own, context.extent(match.key)))
    return true;
  Element score = context.substitute(match.score, {{match.key, own}});
  return !score || mayBeInfinite(score);
}

/// NaN for the rows that see no key.
Value AttentionBuilder::restoreNaN(Value result, Value logSumExp) {
  auto type = cast<RankedTensorType>(result.getType());
  auto element = cast<FloatType>(type.getElementType());
  Value empty = tensor::EmptyOp::create(
      builder, loc, tensor::getMixedSizes(builder, loc, result), element);
  AffineMap all = builder.getMultiDimIdentityMap(4);
  SmallVector<AffineMap> maps{all, all.getMajorSubMap(3), all};
  SmallVector<utils::IteratorType> parallel(4, utils::IteratorType::parallel);
  return linalg::GenericOp::create(
             builder, loc, empty.getType(), ValueRange{result, logSumExp},
             empty, maps, parallel,
             [&](OpBuilder &nested, Location, ValueRange arguments) {
               auto number = [&](FloatType of, const APFloat &value) {
                 return arith::ConstantOp::create(nested, loc, of,
                                                  FloatAttr::get(of, value));
               };
               auto row = cast<FloatType>(arguments[1].getType());
               Value none = arith::CmpFOp::create(
                   nested, loc, arith::CmpFPredicate::OEQ, arguments[1],
                   number(row, APFloat::getInf(row.getFloatSemantics(),
                                               /*Negative=*/true)));
               Value nan = number(element,
                                  APFloat::getNaN(element.getFloatSemantics()));
               linalg::YieldOp::create(
                   nested, loc,
                   arith::SelectOp::create(nested, loc, none, nan, arguments[0])
                       .getResult());
             })
      .getResult(0);
}

//===----------------------------------------------------------------------===//
// Type and place
//===----------------------------------------------------------------------===//

Value AttentionBuilder::widenResult(Value result, Type type) {
  Value empty = tensor::EmptyOp::create(
      builder, loc, tensor::getMixedSizes(builder, loc, result), type);
  SmallVector<AffineMap> maps(2, builder.getMultiDimIdentityMap(4));
  SmallVector<utils::IteratorType> parallel(4, utils::IteratorType::parallel);
  return linalg::GenericOp::create(
             builder, loc, empty.getType(), result, empty, maps, parallel,
             [&](OpBuilder &nested, Location, ValueRange arguments) {
               Value wide =
                   arith::ExtFOp::create(nested, loc, type, arguments.front());
               linalg::YieldOp::create(nested, loc, wide);
             })
      .getResult(0);
}

FailureOr<Value> AttentionBuilder::placeResult(Value result,
                                               std::string &reason) {
  Value old = match.valueProduct->getResult(0);
  auto type = cast<RankedTensorType>(old.getType());
  // The axes in the order of the old result; then grouped.
  SmallVector<Axis> order;
  SmallVector<ReassociationIndices> groups;
  auto push = [&](Axis axis) {
    groups.back().push_back(order.size());
    order.push_back(axis);
  };
  for (Element index : match.resultIndices) {
    groups.emplace_back();
    if (index == match.batch)
      push(Axis::batch);
    else if (index == match.head)
      push(Axis::head);
    else if (index == match.query)
      push(Axis::rows);
    else if (index == match.column)
      push(Axis::size);
    else if (index ==
             context.add(context.mul(match.batch, context.extent(match.head)),
                         match.head)) {
      push(Axis::batch);
      push(Axis::head);
    } else if (index->isApply<arith::FloorDivSIOp>() &&
               index->operands[0] == match.head) {
      // Key heads; the query heads of each are the next dimension.
      push(Axis::head);
    } else if (index->dependsOn(match.head) &&
               index->coordinates == match.head->coordinates) {
      push(Axis::size);
      order.back() = Axis::head;
    } else {
      reason = "the result's dimensions are not batch, head, query and column";
      return failure();
    }
  }
  bool splitHeads = llvm::count(order, Axis::head) == 2;
  if (splitHeads) {
    // [B, G, H/G, Sq, D] is the attention's result with the heads apart.
    auto shape = type.getShape();
    if (type.getRank() != 5 || order[1] != Axis::head ||
        order[2] != Axis::head || order[3] != Axis::rows) {
      reason = "the result has its heads apart in an unusual order";
      return failure();
    }
    SmallVector<OpFoldResult> sizes;
    Value from = result;
    for (unsigned k = 0; k < 5; ++k) {
      if (shape[k] != ShapedType::kDynamic)
        sizes.push_back(builder.getIndexAttr(shape[k]));
      else
        sizes.push_back(
            tensor::getMixedSize(builder, loc, from, k == 0 ? 0 : k - 1));
    }
    return tensor::ExpandShapeOp::create(
               builder, loc, type, from,
               SmallVector<ReassociationIndices>{{0}, {1, 2}, {3}, {4}}, sizes)
        .getResult();
  }
  // Axes that the old result has not are of size one: they join the first
  // dimension.
  for (Axis axis : {Axis::head, Axis::batch})
    if (!llvm::is_contained(order, axis)) {
      for (ReassociationIndices &group : groups)
        for (int64_t &position : group)
          ++position;
      groups.front().insert(groups.front().begin(), 0);
      order.insert(order.begin(), axis);
    }
  SmallVector<int64_t> permutation;
  for (Axis axis : order)
    permutation.push_back(unsigned(axis));
  if (!isIdentityPermutation(permutation)) {
    SmallVector<OpFoldResult> sizes = applyPermutation(
        ArrayRef<OpFoldResult>(tensor::getMixedSizes(builder, loc, result)),
        permutation);
    Value empty =
        tensor::EmptyOp::create(builder, loc, sizes, type.getElementType());
    result =
        linalg::TransposeOp::create(builder, loc, result, empty, permutation)
            ->getResult(0);
  }
  if (groups.size() < order.size())
    result = tensor::CollapseShapeOp::create(builder, loc, result, groups);
  if (result.getType() != type)
    result = tensor::CastOp::create(builder, loc, type, result);
  return result;
}
