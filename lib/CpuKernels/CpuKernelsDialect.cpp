//===- CpuKernelsDialect.cpp - ops that are one CPU kernel ----------------===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "sextant/CpuKernels/CpuKernels.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/DialectImplementation.h"
#include "mlir/IR/OpImplementation.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace mlir::sextant::cpu;

#include "sextant/CpuKernels/CpuKernelsDialect.cpp.inc"

#define GET_OP_CLASSES
#include "sextant/CpuKernels/CpuKernels.cpp.inc"

void SextantCpuDialect::initialize() {
  addOperations<
#define GET_OP_LIST
#include "sextant/CpuKernels/CpuKernels.cpp.inc"
      >();
}

//===----------------------------------------------------------------------===//
// LinearOp
//===----------------------------------------------------------------------===//

int64_t LinearOp::getDepth() {
  return cast<ShapedType>(getPanels().getType()).getDimSize(1);
}

int64_t LinearOp::getColumns() {
  return cast<ShapedType>(getInit().getType()).getDimSize(1);
}

int64_t LinearOp::getPanelWidth() {
  return cast<ShapedType>(getPanels().getType()).getDimSize(2);
}

LogicalResult LinearOp::verify() {
  auto x = cast<ShapedType>(getX().getType());
  auto panels = cast<ShapedType>(getPanels().getType());
  auto y = cast<ShapedType>(getInit().getType());

  // linear (C1)
  if (!panels.hasStaticShape() || panels.getDimSize(2) == 0)
    return emitOpError("expects panels of static shape, but got ") << panels;
  if (x.getDimSize(1) != panels.getDimSize(1))
    return emitOpError("expects x with as many columns as a panel has rows, ")
           << panels.getDimSize(1) << ", but got " << x;
  if (ShapedType::isDynamic(y.getDimSize(1)))
    return emitOpError("expects a static number of columns, but got ") << y;
  int64_t count = llvm::divideCeil(y.getDimSize(1), panels.getDimSize(2));
  if (panels.getDimSize(0) != count)
    return emitOpError("expects ")
           << count << " panels of " << panels.getDimSize(2) << " for "
           << y.getDimSize(1) << " columns, but got " << panels.getDimSize(0);
  if (!ShapedType::isDynamic(x.getDimSize(0)) &&
      !ShapedType::isDynamic(y.getDimSize(0)) &&
      x.getDimSize(0) != y.getDimSize(0))
    return emitOpError("expects as many rows in the destination as in x, ")
           << x.getDimSize(0) << ", but got " << y.getDimSize(0);

  // linear (C2)
  if (getBias()) {
    auto bias = cast<ShapedType>(getBias().getType());
    if (bias.getDimSize(0) != y.getDimSize(1))
      return emitOpError("expects a bias of ")
             << y.getDimSize(1) << " elements, but got " << bias;
  }

  // linear (C3)
  bool tensor = isa<TensorType>(getInit().getType());
  if (getNumResults() != (tensor ? 1 : 0))
    return emitOpError("expects ") << (tensor ? "one result" : "no result")
                                   << ", but got " << getNumResults();
  if (tensor && getResult(0).getType() != getInit().getType())
    return emitOpError("expects the destination's type as result type, ")
           << getInit().getType() << ", but got " << getResult(0).getType();
  return success();
}

/// Destinations are written, everything else is read.
static void
addEffects(DestinationStyleOpInterface op,
           SmallVectorImpl<SideEffects::EffectInstance<MemoryEffects::Effect>>
               &effects) {
  for (OpOperand &operand : op->getOpOperands()) {
    if (!isa<MemRefType>(operand.get().getType()))
      continue;
    if (op.isDpsInit(&operand))
      effects.emplace_back(MemoryEffects::Write::get(), &operand);
    else
      effects.emplace_back(MemoryEffects::Read::get(), &operand);
  }
}

void LinearOp::getEffects(
    SmallVectorImpl<SideEffects::EffectInstance<MemoryEffects::Effect>>
        &effects) {
  addEffects(*this, effects);
}

//===----------------------------------------------------------------------===//
// AttentionOp
//===----------------------------------------------------------------------===//

MutableOperandRange AttentionOp::getDpsInitsMutable() {
  auto [first, length] = getODSOperandIndexAndLength(9);
  unsigned count = length + (getLogSumExpInit() ? 1 : 0);
  return MutableOperandRange(getOperation(), first, count);
}

LogicalResult AttentionOp::verify() {
  // attention (C1)
  std::pair<Value, Layout> shaped[] = {{getQuery(), getQueryLayout()},
                                       {getKey(), getKeyLayout()},
                                       {getValue(), getValueLayout()},
                                       {getInit(), getResultLayout()}};
  for (auto [operand, layout] : shaped) {
    auto type = cast<ShapedType>(operand.getType());
    int64_t rank = getSizeDim(layout) + 1;
    if (!type.hasRank() || type.getRank() != rank)
      return emitOpError("expects operands of rank ")
             << rank << ", but got " << type;
  }

  // attention (C6)
  std::tuple<StringRef, Layout, Layout, Value> sides[] = {
      {"queries", getQueryLayout(), getResultLayout(), getQueryLengths()},
      {"keys", getKeyLayout(), getValueLayout(), getKeyLengths()}};
  for (auto &[what, layout, other, lengths] : sides) {
    bool isRagged = layout == Layout::thd;
    if (isRagged != (other == Layout::thd) || isRagged != bool(lengths))
      return emitOpError("expects lengths of the ")
             << what << " with layout thd, and of both that have these rows";
  }

  // attention (C2)
  size_t count = 5 + getAuxiliaries().size() + getCaptures().size();
  if (getScore().getNumArguments() != count)
    return emitOpError("expects a region of ")
           << count << " arguments, but got " << getScore().getNumArguments();
  if (!isa<YieldOp>(getScore().front().getTerminator()))
    return emitOpError("expects a region that ends in sextant_cpu.yield");
  if (getRoles().size() != getAuxiliaries().size())
    return emitOpError("expects roles for ")
           << getAuxiliaries().size() << " auxiliaries, but got "
           << getRoles().size();

  // attention (C4)
  std::tuple<Value, std::optional<AuxiliaryAttr>, std::optional<uint64_t>>
      tables[] = {{getModulation(), getModulationRoles(), std::nullopt},
                  {getValueTable(), getValueTableRoles(), getValueLabels()}};
  for (auto &[table, roles, labels] : tables) {
    if (!table && !roles)
      continue;
    bool fits = table && roles && roles->getEntryDim() &&
                roles->readsLabels() == labels.has_value() &&
                roles->getNumFree() == 1 &&
                (!labels || *labels < getAuxiliaries().size());
    for (DimensionRole role :
         fits ? roles->getRoles() : ArrayRef<DimensionRole>())
      fits &= role != DimensionRole::query && role != DimensionRole::key;
    auto type = table ? cast<ShapedType>(table.getType()) : ShapedType();
    fits = fits && type.hasRank() &&
           type.getRank() == static_cast<int64_t>(roles->getRoles().size()) &&
           !type.isDynamicDim(*roles->getEntryDim()) &&
           !ShapedType::isDynamic(type.getShape().back());
    if (!fits)
      return emitOpError("expects a table by batch, head, distance or label "
                         "and one free dimension, but got ")
             << (table ? table.getType() : Type());
  }

  // attention (C3)
  size_t tensors = llvm::count_if(getDpsInits(), [](Value init) {
    return isa<TensorType>(init.getType());
  });
  if (getNumResults() != tensors)
    return emitOpError("expects ")
           << tensors << " results, but got " << getNumResults();

  // attention (C5)
  auto check = [&](Value operand, std::optional<ArrayRef<int64_t>> rotation,
                   Value cosine, Value sine, StringRef what) -> LogicalResult {
    bool isTurned = rotation.has_value();
    if (isTurned != bool(cosine) || isTurned != bool(sine))
      return emitOpError("expects a rotation of the ")
             << what << " with a cosine and a sine";
    if (!isTurned)
      return success();
    int64_t size = cast<ShapedType>(operand.getType()).getShape().back();
    if (rotation->size() != 3 || (*rotation)[0] < 0 || (*rotation)[0] > 1 ||
        (*rotation)[1] < 0 || (*rotation)[2] < 0 || (*rotation)[2] % 2 ||
        (*rotation)[1] + (*rotation)[2] > size)
      return emitOpError("expects a rotation [pairs, first, count] within ")
             << size << " dimensions of the " << what << ", but got ["
             << *rotation << "]";
    for (Value table : {cosine, sine}) {
      auto type = cast<ShapedType>(table.getType());
      if (!type.hasRank() || type.getRank() != 3 ||
          type.getDimSize(2) != (*rotation)[2] / 2)
        return emitOpError("expects tables [B | 1, S, ")
               << (*rotation)[2] / 2 << "], but got " << type;
    }
    return success();
  };
  if (failed(check(getQuery(), getQueryRotation(), getQueryCosine(),
                   getQuerySine(), "query")) ||
      failed(check(getKey(), getKeyRotation(), getKeyCosine(), getKeySine(),
                   "key")))
    return failure();
  return success();
}

LogicalResult PiecewiseOp::verify() {
  auto shapeOf = [](Value table) {
    auto type = cast<ShapedType>(table.getType());
    return type.hasRank() ? SmallVector<int64_t>(type.getShape())
                          : SmallVector<int64_t>();
  };
  SmallVector<int64_t> slopes = shapeOf(getSlopes()),
                       bounds = shapeOf(getBounds());
  // piecewise (C1)
  if (slopes.size() != 2 || bounds.size() != 2 ||
      ShapedType::isDynamicShape(slopes) || shapeOf(getHeights()) != slopes ||
      bounds[1] != slopes[1] + 1)
    return emitOpError("expects slopes and heights of [heads, lines] and "
                       "bounds of [queries, lines + 1], but got ")
           << getSlopes().getType() << ", " << getHeights().getType() << " and "
           << getBounds().getType();
  return success();
}

void AttentionOp::getEffects(
    SmallVectorImpl<SideEffects::EffectInstance<MemoryEffects::Effect>>
        &effects) {
  addEffects(*this, effects);
}
