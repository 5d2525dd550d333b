//===- RelativeVectors.cpp - products with vectors of distances -----------===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "DistanceTable.h"
#include "ScoreRegion.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;
using namespace mlir::sextant;

/// `tensor` with entry `at[k]` in place k of dimension `dim`.
static Value gatherEntries(OpBuilder &builder, Location loc, Value tensor,
                           unsigned dim, ArrayRef<int64_t> at) {
  auto type = cast<RankedTensorType>(tensor.getType());
  int64_t rank = type.getRank(), count = at.size();
  SmallVector<OpFoldResult> sizes = tensor::getMixedSizes(builder, loc, tensor);
  sizes[dim] = builder.getIndexAttr(count);
  Value indices = arith::ConstantOp::create(
      builder, loc,
      DenseElementsAttr::get(
          RankedTensorType::get({count}, builder.getI64Type()), at));
  Value empty =
      tensor::EmptyOp::create(builder, loc, sizes, type.getElementType());
  AffineMap all = builder.getMultiDimIdentityMap(rank);
  SmallVector<utils::IteratorType> parallel(rank,
                                            utils::IteratorType::parallel);
  return linalg::GenericOp::create(
             builder, loc, empty.getType(), indices, empty,
             ArrayRef<AffineMap>{all.getSubMap({dim}), all}, parallel,
             [&](OpBuilder &nested, Location, ValueRange arguments) {
               SmallVector<Value> place;
               for (int64_t k = 0; k < rank; ++k)
                 place.push_back(
                     k == dim
                         ? arith::IndexCastOp::create(
                               nested, loc, nested.getIndexType(), arguments[0])
                               .getResult()
                         : linalg::IndexOp::create(nested, loc, k).getResult());
               Value entry =
                   tensor::ExtractOp::create(nested, loc, tensor, place);
               linalg::YieldOp::create(nested, loc, entry);
             })
      .getResult(0);
}

/// A product with relative vectors, by batch, head and query or key, looked up
/// by a function of the distance. One dimension may hold batch and head.
Value ScoreRegion::emitByDistance(Value tensor, ArrayRef<Element> indices) {
  auto type = dyn_cast<RankedTensorType>(tensor.getType());
  if (!type || !values || !at.query || !at.key)
    return nullptr;
  std::optional<int64_t> heads =
      ElementContext::getInteger(context.extent(at.head));
  SmallVector<DimensionRole> roles;
  SmallVector<ReassociationIndices> groups;
  int distanceDim = -1, merged = -1;
  bool byRow = false;
  auto push = [&](DimensionRole role) {
    groups.back().push_back(roles.size());
    roles.push_back(role);
  };
  for (auto [k, index] : llvm::enumerate(indices)) {
    groups.emplace_back();
    Element size = const_cast<ElementValue *>(values)->size(tensor, k);
    auto isWhole = [&, index = index](Element coordinate) {
      return index == coordinate &&
             context.areEqualSizes(size, context.extent(coordinate));
    };
    if (isWhole(at.batch)) {
      push(DimensionRole::batch);
    } else if (isWhole(at.head)) {
      push(DimensionRole::head);
    } else if (isWhole(at.query) || isWhole(at.key)) {
      byRow = true;
      push(index == at.query ? DimensionRole::query : DimensionRole::key);
    } else if (index->dependsOn(at.query) && index->dependsOn(at.key) &&
               distanceDim < 0) {
      distanceDim = roles.size();
      push(DimensionRole::distance);
    } else if (heads && merged < 0 &&
               index ==
                   context.add(context.mul(at.batch, context.integer(*heads)),
                               at.head)) {
      merged = k;
      push(DimensionRole::batch);
      push(DimensionRole::head);
    } else if (type.getDimSize(k) == 1 && !index->coordinates) {
      // A role of extent one; each may be there once.
      push(DimensionRole::batch);
    } else {
      return nullptr;
    }
  }
  for (unsigned k = 0; k < roles.size(); ++k)
    if (llvm::is_contained(ArrayRef(roles).drop_front(k + 1), roles[k]))
      return nullptr;
  // What no row owns is a table, which terms know better.
  if (distanceDim < 0 || !byRow)
    return nullptr;
  Element origin = at.queryOrigin ? at.queryOrigin : context.integer(0);
  Element shift = context.sub(context.integer(0), origin);
  unsigned dim = llvm::find_if(groups,
                               [&](ArrayRef<int64_t> group) {
                                 return llvm::is_contained(group, distanceDim);
                               }) -
                 groups.begin();
  // Entry j - i + c, within bounds as the graph has it; or any function that
  // stops changing, of whose values a table is made.
  Element position = context.add(context.sub(at.key, at.query), shift);
  std::optional<int64_t> center =
      ElementContext::getInteger(context.sub(indices[dim], position));
  if (!center) {
    std::string why;
    std::optional<DistanceTable> table =
        tabulateDistance(context, indices[dim], at.query, at.key, shift, why);
    if (!table) {
      fail("it is looked up by query and key: " + why);
      return nullptr;
    }
    SmallVector<int64_t> places;
    for (Element entry : table->values) {
      std::optional<int64_t> place = ElementContext::getInteger(entry);
      if (!place || *place < 0 ||
          (!type.isDynamicDim(dim) && *place >= type.getDimSize(dim)))
        return nullptr;
      places.push_back(*place);
    }
    bool whole = type.getDimSize(dim) == int64_t(places.size());
    for (auto [k, place] : llvm::enumerate(places))
      whole &= place == int64_t(k);
    if (!whole)
      tensor = gatherEntries(outside, loc, tensor, dim, places);
    type = cast<RankedTensorType>(tensor.getType());
    center = -table->first;
  }
  if (merged >= 0) {
    SmallVector<int64_t> shape;
    SmallVector<OpFoldResult> sizes;
    for (int64_t k = 0; k < type.getRank(); ++k) {
      OpFoldResult size = tensor::getMixedSize(outside, loc, tensor, k);
      if (k == merged) {
        std::optional<int64_t> known = getConstantIntValue(size);
        if (known)
          size = outside.getIndexAttr(*known / *heads);
        else
          size = arith::DivUIOp::create(
                     outside, loc, cast<Value>(size),
                     arith::ConstantIndexOp::create(outside, loc, *heads))
                     .getResult();
        sizes.push_back(size);
        size = outside.getIndexAttr(*heads);
      }
      sizes.push_back(size);
    }
    for (OpFoldResult size : sizes)
      shape.push_back(getConstantIntValue(size).value_or(ShapedType::kDynamic));
    tensor = tensor::ExpandShapeOp::create(
        outside, loc, RankedTensorType::get(shape, type.getElementType()),
        tensor, groups, sizes);
  }
  return widen(addAuxiliary(tensor, roles, *center), body);
}
