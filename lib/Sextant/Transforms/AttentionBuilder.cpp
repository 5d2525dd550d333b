//===- AttentionBuilder.cpp - builds what was matched ---------------------===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "AttentionBuilder.h"
#include "LengthCheck.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Utils/IndexingUtils.h"

using namespace mlir;
using namespace mlir::sextant;

//===----------------------------------------------------------------------===//
// Operands
//===----------------------------------------------------------------------===//

bool AttentionBuilder::describe(const ElementValue::Source &source,
                                const ElementValue::Source &outermost,
                                Element rows, Element size,
                                SmallVectorImpl<Dim> &dims) {
  auto sizeOf = [&](const ElementValue::Source &from, unsigned k) {
    return match.values.size(from.tensor, k);
  };
  // What a coordinate's extent is on this side: the size of the dimension that
  // it walks in the operand of the product, which need not be the same symbol
  // as on another side.
  auto isExtent = [&](Element coordinate, Element got) {
    if (context.areEqualSizes(got, context.extent(coordinate)))
      return true;
    for (auto [k, index] : llvm::enumerate(outermost.indices))
      if (index == coordinate &&
          context.areEqualSizes(sizeOf(outermost, k), got))
        return true;
    return false;
  };
  std::optional<int64_t> heads =
      ElementContext::getInteger(context.extent(match.head));
  bool seen[4] = {};
  auto add = [&](Dim &dim, Axis axis) {
    bool first = !seen[unsigned(axis)];
    seen[unsigned(axis)] = true;
    dim.axes.push_back(axis);
    return first;
  };
  for (auto [k, index] : llvm::enumerate(source.indices)) {
    Dim dim;
    Element extent = sizeOf(source, k);
    std::optional<int64_t> known = ElementContext::getInteger(extent);
    bool ok = true;
    if (index == match.batch || index == rows || index == size) {
      ok =
          isExtent(index, extent) && add(dim, index == match.batch ? Axis::batch
                                              : index == rows ? Axis::rows
                                                              : Axis::size);
    } else if (index == match.head) {
      ok = known == heads && add(dim, Axis::head);
    } else if (index->isApply<arith::FloorDivSIOp>() &&
               index->operands[0] == match.head) {
      // Heads that share a key.
      std::optional<int64_t> by =
          ElementContext::getInteger(index->operands[1]);
      ok = by && known && heads && *known * *by == *heads &&
           add(dim, Axis::head);
    } else if (index == context.integer(0)) {
      // A unit dimension stands for an axis only if one is missing.
      ok = known == 1;
    } else {
      ElementContext::Polynomial sum = ElementContext::getPolynomial(index);
      ok = sum.terms.size() == 2 && sum.constant == 0;
      unsigned outer =
          ok && sum.terms[0].second == 1 && sum.terms[0].first != match.batch
              ? 1
              : 0;
      ok = ok && sum.terms[1 - outer].second == 1;
      if (ok) {
        Element big = sum.terms[outer].first,
                little = sum.terms[1 - outer].first;
        dim.inner = sum.terms[outer].second;
        if (big == match.batch && little == match.head) {
          ok = heads == dim.inner && add(dim, Axis::batch) &&
               add(dim, Axis::head);
        } else if (big == match.head && little == size) {
          ok = context.integer(dim.inner) == context.extent(size) &&
               known == *heads * dim.inner && add(dim, Axis::head) &&
               add(dim, Axis::size);
        } else {
          ok = false;
        }
      }
    }
    if (!ok)
      return false;
    dims.push_back(dim);
  }
  // Unit dimensions take the place of what is missing, outer axes first.
  auto isUnit = [&](Axis axis) {
    Element coordinate = axis == Axis::batch  ? match.batch
                         : axis == Axis::rows ? rows
                                              : size;
    return axis == Axis::head ||
           context.extent(coordinate) == context.integer(1);
  };
  for (Axis axis : {Axis::batch, Axis::head, Axis::rows, Axis::size}) {
    if (seen[unsigned(axis)])
      continue;
    if (!isUnit(axis))
      return false;
    for (Dim &dim : dims)
      if (dim.axes.empty()) {
        dim.axes.push_back(axis);
        seen[unsigned(axis)] = true;
        break;
      }
  }
  return seen[unsigned(Axis::rows)] && seen[unsigned(Axis::size)];
}

std::optional<AttentionBuilder::Operand>
AttentionBuilder::asIs(const ElementValue::Source &source, ArrayRef<Dim> dims) {
  if (dims.size() != 4)
    return std::nullopt;
  auto is = [&](unsigned k, Axis axis) {
    return dims[k].axes.size() == 1 && dims[k].axes[0] == axis;
  };
  auto type = cast<RankedTensorType>(source.tensor.getType());
  if (!is(0, Axis::batch) || !is(3, Axis::size) || type.isDynamicDim(3))
    return std::nullopt;
  if (is(1, Axis::head) && is(2, Axis::rows) && !type.isDynamicDim(1))
    return Operand{source.tensor, Layout::bhsd};
  if (is(1, Axis::rows) && is(2, Axis::head) && !type.isDynamicDim(2))
    return Operand{source.tensor, Layout::bshd};
  return std::nullopt;
}

AttentionBuilder::Operand
AttentionBuilder::rearrange(const ElementValue::Source &source,
                            ArrayRef<Dim> dims) {
  Value tensor = source.tensor;
  auto type = cast<RankedTensorType>(tensor.getType());
  // One dimension for each axis, in the order they lie; unit dimensions that
  // stand for nothing join their neighbour, missing axes are added in front.
  SmallVector<ReassociationIndices> groups(dims.size());
  SmallVector<OpFoldResult> sizes;
  SmallVector<int64_t> shape;
  SmallVector<Axis> order;
  auto push = [&](unsigned group, Axis axis, OpFoldResult size) {
    groups[group].push_back(sizes.size());
    sizes.push_back(size);
    shape.push_back(getConstantIntValue(size).value_or(ShapedType::kDynamic));
    order.push_back(axis);
  };
  for (Axis axis : {Axis::batch, Axis::head})
    if (llvm::none_of(dims, [&](const Dim &dim) {
          return llvm::is_contained(dim.axes, axis);
        }))
      push(0, axis, builder.getIndexAttr(1));
  for (auto [k, dim] : llvm::enumerate(dims)) {
    OpFoldResult whole = tensor::getMixedSize(builder, loc, tensor, k);
    if (dim.axes.size() == 2) {
      OpFoldResult outer;
      if (std::optional<int64_t> known = getConstantIntValue(whole))
        outer = builder.getIndexAttr(*known / dim.inner);
      else
        outer = arith::DivUIOp::create(
                    builder, loc, cast<Value>(whole),
                    arith::ConstantIndexOp::create(builder, loc, dim.inner))
                    .getResult();
      push(k, dim.axes[0], outer);
      push(k, dim.axes[1], builder.getIndexAttr(dim.inner));
    } else {
      push(k, dim.axes.empty() ? Axis::batch : dim.axes[0], whole);
    }
  }
  if (shape.size() > dims.size())
    tensor = tensor::ExpandShapeOp::create(
        builder, loc, RankedTensorType::get(shape, type.getElementType()),
        tensor, groups, sizes);
  SmallVector<int64_t> permutation;
  for (Axis axis : {Axis::batch, Axis::head, Axis::rows, Axis::size})
    permutation.push_back(llvm::find(order, axis) - order.begin());
  if (permutation[0] == 0 && permutation[1] == 2 && permutation[2] == 1)
    return Operand{tensor, Layout::bshd};
  if (isIdentityPermutation(permutation))
    return Operand{tensor, Layout::bhsd};
  SmallVector<int64_t> permuted =
      applyPermutation(ArrayRef<int64_t>(shape), permutation);
  SmallVector<OpFoldResult> permutedSizes =
      applyPermutation(ArrayRef<OpFoldResult>(sizes), permutation);
  Value empty = tensor::EmptyOp::create(builder, loc, permutedSizes,
                                        type.getElementType());
  return Operand{
      linalg::TransposeOp::create(builder, loc, tensor, empty, permutation)
          ->getResult(0),
      Layout::bhsd};
}

std::optional<AttentionBuilder::Operand>
AttentionBuilder::place(const AttentionSide &side, Element rows, Element size,
                        Type elementType) {
  const ElementValue::Source &outermost = side.sources.front();
  for (bool move : {false, true})
    for (const ElementValue::Source &source : llvm::reverse(side.sources)) {
      auto type = cast<RankedTensorType>(source.tensor.getType());
      SmallVector<Dim> dims;
      if (type.getElementType() != elementType ||
          !describe(source, outermost, rows, size, dims))
        continue;
      if (!move) {
        if (std::optional<Operand> operand = asIs(source, dims))
          return operand;
        continue;
      }
      unsigned axes = 0;
      bool plain = true;
      for (const Dim &dim : dims) {
        axes += dim.axes.size();
        plain &= !dim.axes.empty();
      }
      if (plain && axes <= 4)
        return rearrange(source, dims);
    }
  return std::nullopt;
}

//===----------------------------------------------------------------------===//
// Score
//===----------------------------------------------------------------------===//

/// A constant factor that every use of the product has is the op's scale.
void AttentionBuilder::absorbScale() {
  while (true) {
    Element user = nullptr;
    bool several = match.score == match.product;
    walkElement(match.score, [&](Element node) {
      if (!llvm::is_contained(node->operands, match.product))
        return;
      several |= user && user != node;
      user = node;
    });
    if (!user || several || user->kind != ElementKind::Apply)
      return;
    if (user->isApply<arith::ExtFOp>() || user->isApply<arith::TruncFOp>()) {
      match.product = user;
      continue;
    }
    bool product = user->isApply<arith::MulFOp>();
    if (!product && !user->isApply<arith::DivFOp>())
      return;
    if (!product && user->operands[0] != match.product)
      return;
    // The divisor of a softcap belongs to it.
    bool capped = false;
    walkElement(match.score, [&](Element node) {
      capped |= node->isApply<math::TanhOp>() && node->operands[0] == user;
    });
    if (capped)
      return;
    Element other = user->operands[user->operands[0] == match.product ? 1 : 0];
    std::optional<APFloat> number = ElementContext::getFloat(other);
    if (!number)
      return;
    double by = number->convertToDouble();
    match.scale *= product ? by : 1.0 / by;
    match.product = user;
  }
}

/// The run-time number of keys that lie before the first query: in "j <= i +
/// past" and the like, what stands beside i - j.
Element AttentionBuilder::findOrigin() {
  Element origin = nullptr;
  int64_t least = 0;
  walkElement(match.score, [&](Element node) {
    if (node->kind != ElementKind::Sum)
      return;
    ElementContext::Polynomial sum = ElementContext::getPolynomial(node);
    int64_t atQuery = sum.coefficientOf(match.query);
    if (std::abs(atQuery) != 1 || sum.coefficientOf(match.key) != -atQuery)
      return;
    ElementContext::Polynomial rest;
    for (auto [term, coefficient] : sum.terms)
      if (term != match.query && term != match.key)
        rest.terms.push_back({term, coefficient * atQuery});
    // "i - j + c >= 0", or its opposite "j - i - c - 1 >= 0". A window has the
    // same form with a larger constant.
    rest.constant = atQuery > 0 ? sum.constant : -sum.constant - 1;
    Element candidate = context.build(rest);
    uint64_t others = candidate->coordinates & ~match.batch->coordinates;
    if (rest.terms.empty() || others ||
        (origin && std::abs(rest.constant) >= least))
      return;
    origin = candidate;
    least = std::abs(rest.constant);
  });
  return origin ? origin : context.integer(0);
}

Value AttentionBuilder::buildSink(std::string &reason) {
  // One logit for each head, whatever it is spelt as.
  Element sink = match.sink;
  Type scoreType = getScoreTypeOf(sink->type);
  while (sink->isApply<arith::ExtFOp>() || sink->isApply<arith::TruncFOp>())
    sink = sink->operands[0];
  std::optional<int64_t> count =
      ElementContext::getInteger(context.extent(match.head));
  if (std::optional<APFloat> number = ElementContext::getFloat(sink);
      number && count) {
    // One number for all: a softmax with one more in its sum, of exp(0).
    bool losesInfo = false;
    number->convert(cast<FloatType>(scoreType).getFloatSemantics(),
                    APFloat::rmNearestTiesToEven, &losesInfo);
    return arith::ConstantOp::create(
        builder, loc,
        DenseElementsAttr::get(RankedTensorType::get({*count}, scoreType),
                               *number));
  }
  if (sink->kind == ElementKind::Load) {
    unsigned heads = 0, others = 0, at = 0;
    auto type = cast<RankedTensorType>(sink->value.getType());
    for (auto [k, index] : llvm::enumerate(sink->operands)) {
      if (index == match.head && !type.isDynamicDim(k)) {
        ++heads;
        at = k;
      } else if (type.getDimSize(k) != 1) {
        ++others;
      }
    }
    if (heads == 1 && others == 0 && type.getElementType() == scoreType) {
      if (type.getRank() == 1)
        return sink->value;
      SmallVector<OpFoldResult> offsets(type.getRank(),
                                        builder.getIndexAttr(0)),
          sizes(type.getRank(), builder.getIndexAttr(1)),
          strides(type.getRank(), builder.getIndexAttr(1));
      sizes[at] = builder.getIndexAttr(type.getDimSize(at));
      return tensor::ExtractSliceOp::create(
          builder, loc,
          RankedTensorType::get({type.getDimSize(at)}, type.getElementType()),
          sink->value, offsets, sizes, strides);
    }
  }
  reason = "its sink is not one logit for each head";
  return nullptr;
}

/// An index, or one for each batch entry.
Value AttentionBuilder::buildOrigin(Element origin, Value queries,
                                    std::string &reason) {
  if (!origin->coordinates) {
    Block scratch;
    ScoreRegion region(context, builder, loc, &scratch, builder.getF32Type());
    Value value = region.emit(origin);
    reason = region.getReason().str();
    return value;
  }
  OpFoldResult batch = tensor::getMixedSize(builder, loc, queries, 0);
  Value empty =
      tensor::EmptyOp::create(builder, loc, {batch}, builder.getIndexType());
  bool complete = true;
  AffineMap map = builder.getMultiDimIdentityMap(1);
  auto generic = linalg::GenericOp::create(
      builder, loc, empty.getType(), ValueRange(), empty, map,
      utils::IteratorType::parallel,
      [&](OpBuilder &nested, Location, ValueRange) {
        Block *block = nested.getBlock();
        ScoreRegion region(context, builder, loc, block, builder.getF32Type());
        region.setReadsTensors();
        region.bind(match.batch, linalg::IndexOp::create(nested, loc, 0));
        Value value = region.emit(origin);
        reason = region.getReason().str();
        complete = value != nullptr;
        nested.setInsertionPointToEnd(block);
        linalg::YieldOp::create(
            nested, loc,
            complete ? value : linalg::IndexOp::create(nested, loc, 0));
      });
  return complete ? generic.getResult(0) : nullptr;
}

/// The type that all users of a tensor truncate its elements to, or null.
static Type getNarrowedType(Value value) {
  Type narrow;
  for (Operation *user : value.getUsers()) {
    auto op = dyn_cast<linalg::LinalgOp>(user);
    if (!op || op.getNumReductionLoops() != 0 || op.getNumDpsInputs() != 1 ||
        !llvm::hasNItems(op.getBlock()->getOperations(), 2))
      return nullptr;
    auto truncation = dyn_cast<arith::TruncFOp>(op.getBlock()->front());
    if (!truncation || (narrow && narrow != truncation.getType()))
      return nullptr;
    narrow = truncation.getType();
  }
  return narrow;
}

FailureOr<Value> AttentionBuilder::build(std::string &reason) {
  auto resultType =
      cast<RankedTensorType>(match.valueProduct->getResult(0).getType());
  Type elementType = resultType.getElementType();
  if (!isa<Float16Type, BFloat16Type, Float32Type, Float64Type>(elementType)) {
    reason = "its element type is not f16, bf16, f32 or f64";
    return failure();
  }
  absorbScale();
  std::optional<Operand> q, k, v;
  auto placeAll = [&](Type type) {
    elementType = type;
    q = place(match.queries, match.query, match.inner, type);
    k = place(match.keys, match.key, match.inner, type);
    v = place(match.value, match.key, match.column, type);
    return q && k && v;
  };
  // Operands that were widened for a result that is narrowed again.
  Type narrow = getNarrowedType(match.valueProduct->getResult(0));
  if (!placeAll(elementType) && narrow)
    placeAll(narrow);
  if (!q || !k || !v) {
    reason = (llvm::Twine("its ") +
              (!q   ? "queries"
               : !k ? "keys"
                    : "values") +
              " are not indexed by batch, head, position and a static size")
                 .str();
    return failure();
  }

  FloatType scoreType = getScoreTypeOf(elementType);
  Region region;
  Block *block = &region.emplaceBlock();
  block->addArgument(scoreType, loc);
  for (unsigned index = 0; index < 4; ++index)
    block->addArgument(builder.getIndexType(), loc);
  ScoreRegion score(context, builder, loc, block, scoreType);
  Element origin = findOrigin();
  score.setCoordinates(
      {match.batch, match.head, match.query, match.key, origin});
  score.setProduct(match.product);
  score.setValues(&match.values);
  bool plain = match.score == match.product;
  Value yielded = plain ? block->getArgument(0) : score.emitScore(match.score);
  if (!yielded) {
    reason = score.getReason().str();
    return failure();
  }
  YieldOp::create(score.getBody(), loc, yielded);

  Value sink;
  if (match.sink && !(sink = buildSink(reason)))
    return failure();
  SmallVector<int64_t> staticOrigin(4, 0);
  SmallVector<Value> dynamicOrigin;
  if (origin != context.integer(0)) {
    Value value = buildOrigin(origin, q->value, reason);
    if (!value)
      return failure();
    staticOrigin[2] = ShapedType::kDynamic;
    dynamicOrigin.push_back(value);
  }
  bool emptyRows = mayBeEmpty();
  attention = AttentionOp::create(
      builder, loc, q->value, k->value, v->value, score.getAuxiliaries(),
      dynamicOrigin, score.getRoles(), staticOrigin, APFloat(match.scale),
      q->layout, k->layout, v->layout, Layout::bhsd, EmptyRow::zero, sink,
      /*with_log_sum_exp=*/emptyRows);
  attention.getScore().takeBody(region);
  if (!requireEqualSizes(match.values, attention)) {
    reason = "the sizes that have to be equal cannot be compared";
    return failure();
  }
  Value result = attention.getResult();
  if (emptyRows)
    result = restoreNaN(result, attention.getLogSumExp());
  if (elementType != resultType.getElementType())
    result = widenResult(result, resultType.getElementType());
  return placeResult(result, reason);
}
