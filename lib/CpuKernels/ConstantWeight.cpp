//===- ConstantWeight.cpp - a weight that the compiler knows --------------===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ConstantWeight.h"

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/IR/AsmState.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/DialectResourceBlobManager.h"
#include "mlir/IR/Matchers.h"

using namespace mlir;
using namespace mlir::sextant;

std::optional<cpu::Weight> cpu::findWeight(Value value) {
  Weight weight;
  if (auto transpose = value.getDefiningOp<linalg::TransposeOp>()) {
    std::optional<Weight> inner = findWeight(transpose.getInput());
    if (!inner)
      return std::nullopt;
    weight = *inner;
    for (auto [i, from] : llvm::enumerate(transpose.getPermutation()))
      weight.strides[i] = inner->strides[from];
    return weight;
  }
  if (auto broadcast = value.getDefiningOp<linalg::BroadcastOp>()) {
    std::optional<Weight> inner = findWeight(broadcast.getInput());
    if (!inner)
      return std::nullopt;
    weight = *inner;
    for (int64_t added : broadcast.getDimensions())
      weight.strides.insert(weight.strides.begin() + added, 0);
    return weight;
  }
  auto type = dyn_cast<RankedTensorType>(value.getType());
  if (!type || !matchPattern(value, m_Constant(&weight.attribute)))
    return std::nullopt;
  weight.strides.resize(type.getRank());
  int64_t stride = 1;
  for (int64_t i = type.getRank() - 1; i >= 0; --i) {
    weight.strides[i] = stride;
    stride *= type.getDimSize(i);
  }
  if (!type.getElementType().isF32() || type.getNumElements() == 0)
    return std::nullopt;
  ArrayRef<char> bytes;
  if (auto dense = dyn_cast<DenseElementsAttr>(weight.attribute)) {
    bytes = dense.getRawData();
    weight.splat = dense.isSplat();
  } else if (auto resource =
                 dyn_cast<DenseResourceElementsAttr>(weight.attribute)) {
    AsmResourceBlob *blob = resource.getRawHandle().getBlob();
    if (!blob || int64_t(blob->getData().size()) <
                     type.getNumElements() * int64_t(sizeof(float)))
      return std::nullopt;
    bytes = blob->getData();
  } else {
    return std::nullopt;
  }
  weight.data = ArrayRef(reinterpret_cast<const float *>(bytes.data()),
                         bytes.size() / sizeof(float));
  return weight;
}
