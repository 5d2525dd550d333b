//===- ReadLookups.cpp - entries of tables as reads in the region ---------===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

//
// A kernel hands a number for each score to the region, from neighbours in
// memory. Where the entry is one that the model or the region chooses, the
// region reads the whole operand, at positions counted from its first element.
//
//===----------------------------------------------------------------------===//

#include "ReadLookups.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/ControlFlow/IR/ControlFlowOps.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;
using namespace mlir::sextant;

static AuxiliaryAttr getRoles(AttentionOp op, unsigned number) {
  return cast<AuxiliaryAttr>(op.getRoles()[number]);
}

static bool isRow(AuxiliaryAttr roles) {
  return roles.getNumFree() && roles.getNumFree() != roles.getRoles().size();
}

std::string sextant::whyNotRead(AttentionOp op, unsigned number) {
  AuxiliaryAttr roles = getRoles(op, number);
  if (!isRow(roles) && !roles.readsLabels())
    return "";
  if (isRow(roles) && roles.getEntryDim())
    return "expects no rows by distance or label";
  Value argument = op.getScore().front().getArgument(5 + number);
  if (isRow(roles) &&
      !llvm::all_of(argument.getUsers(), llvm::IsaPred<tensor::ExtractOp>))
    return "expects rows that are only read by tensor.extract";
  // The region knows absolute positions.
  for (OpFoldResult start : op.getMixedOrigin()) {
    auto value = dyn_cast<Value>(start);
    if (value && !value.getType().isIndex())
      return "expects rows and labels of batch entries that start at one "
             "position";
  }
  return "";
}

namespace {
class Lookups {
public:
  Lookups(RewriterBase &b, AttentionOp op)
      : b(b), op(op), loc(op.getLoc()), block(op.getScore().front()) {}

  std::optional<unsigned> run();

private:
  Value constant(int64_t value) {
    return arith::ConstantIndexOp::create(b, loc, value);
  }
  Value addOperand(Value operand, AuxiliaryAttr roles);
  Value getLabel();
  void checkSizes(Value operand, AuxiliaryAttr roles);
  SmallVector<Value> buildIndices(Value operand, AuxiliaryAttr roles,
                                  Value entry);
  void readRow(unsigned number);
  void readLabel(unsigned number);
  void hideBeyond(unsigned number);

  RewriterBase &b;
  AttentionOp op;
  Location loc;
  Block &block;
  Value label;
};
} // namespace

Value Lookups::getLabel() {
  if (!label)
    label = addOperand(op.getLabels(), *op.getLabelRoles());
  return label;
}

Value Lookups::addOperand(Value operand, AuxiliaryAttr roles) {
  SmallVector<Attribute> all(op.getRoles().begin(), op.getRoles().end());
  all.push_back(roles);
  op.getAuxiliariesMutable().append(operand);
  op.setRolesAttr(b.getArrayAttr(all));
  return block.addArgument(getElementTypeOrSelf(operand.getType()), loc);
}

/// What is read as a whole has no roles any more that say how large it is.
void Lookups::checkSizes(Value operand, AuxiliaryAttr roles) {
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPoint(op);
  auto type = cast<RankedTensorType>(operand.getType());
  for (auto [dim, role] : llvm::enumerate(roles.getRoles())) {
    Value other =
        role == DimensionRole::key ? op.getKeys()[0] : op.getQueries()[0];
    Layout layout =
        role == DimensionRole::key ? op.getKeyLayout() : op.getQueryLayout();
    int64_t otherDim =
        role == DimensionRole::batch ? 0 : getSequenceDim(layout);
    if ((role != DimensionRole::batch && role != DimensionRole::query &&
         role != DimensionRole::key) ||
        type.getDimSize(dim) == 1 ||
        (!type.isDynamicDim(dim) &&
         !cast<RankedTensorType>(other.getType()).isDynamicDim(otherDim)))
      continue;
    Value fits =
        arith::CmpIOp::create(b, loc, arith::CmpIPredicate::eq,
                              tensor::DimOp::create(b, loc, operand, dim),
                              tensor::DimOp::create(b, loc, other, otherDim));
    cf::AssertOp::create(
        b, loc, fits,
        "expects operands of 'sextant.attention' that fit each other");
  }
}

SmallVector<Value> Lookups::buildIndices(Value operand, AuxiliaryAttr roles,
                                         Value entry) {
  auto type = cast<RankedTensorType>(operand.getType());
  SmallVector<Value> indices;
  for (auto [dim, role] : llvm::enumerate(roles.getRoles())) {
    if (role == DimensionRole::free)
      break;
    if (role == DimensionRole::label) {
      indices.push_back(entry);
      continue;
    }
    if (type.getDimSize(dim) == 1) {
      indices.push_back(constant(0));
      continue;
    }
    auto loop = static_cast<unsigned>(role);
    Value position = block.getArgument(1 + loop);
    OpFoldResult start = op.getMixedOrigin()[loop];
    if (auto value = dyn_cast<Value>(start))
      position = arith::SubIOp::create(b, loc, position, value);
    else if (int64_t known = *getConstantIntValue(start))
      position = arith::SubIOp::create(b, loc, position, constant(known));
    indices.push_back(position);
  }
  return indices;
}

void Lookups::readRow(unsigned number) {
  Value operand = op.getAuxiliaries()[number];
  AuxiliaryAttr roles = getRoles(op, number);
  checkSizes(operand, roles);
  for (Operation *user :
       llvm::make_early_inc_range(block.getArgument(5 + number).getUsers())) {
    auto extract = cast<tensor::ExtractOp>(user);
    b.setInsertionPoint(extract);
    SmallVector<Value> indices = buildIndices(operand, roles, {});
    llvm::append_range(indices, extract.getIndices());
    b.replaceOpWithNewOp<tensor::ExtractOp>(extract, operand, indices);
  }
}

void Lookups::readLabel(unsigned number) {
  Value operand = op.getAuxiliaries()[number];
  AuxiliaryAttr roles = getRoles(op, number);
  checkSizes(operand, roles);
  Value label = getLabel();
  b.setInsertionPointToStart(&block);
  // Held within the table in the label's own type, if it can count entries.
  Type type = label.getType();
  if (!type.isIndex() && type.getIntOrFloatBitWidth() < 32) {
    type = b.getI32Type();
    label = arith::ExtSIOp::create(b, loc, type, label);
  }
  auto typed = [&](Value index) -> Value {
    return getValueOrCreateCastToIndexLike(b, loc, type, index);
  };
  unsigned dim = *roles.getEntryDim();
  int64_t known = cast<ShapedType>(operand.getType()).getDimSize(dim);
  Value size;
  if (ShapedType::isDynamic(known)) {
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPoint(op);
    size = typed(tensor::DimOp::create(b, loc, operand, dim));
  } else {
    size = arith::ConstantOp::create(b, loc, b.getIntegerAttr(type, known));
  }
  Value zero = arith::ConstantOp::create(b, loc, b.getIntegerAttr(type, 0));
  Value one = arith::ConstantOp::create(b, loc, b.getIntegerAttr(type, 1));
  Value last = arith::SubIOp::create(b, loc, size, one);
  Value entry = arith::MinSIOp::create(
      b, loc, arith::MaxSIOp::create(b, loc, label, zero), last);
  entry = getValueOrCreateCastToIndexLike(b, loc, b.getIndexType(), entry);
  Value read = tensor::ExtractOp::create(b, loc, operand,
                                         buildIndices(operand, roles, entry));
  if (roles.getBeyond() == Beyond::zero) {
    Value isInside =
        arith::CmpIOp::create(b, loc, arith::CmpIPredicate::ult, label, size);
    Value none =
        arith::ConstantOp::create(b, loc, b.getZeroAttr(read.getType()));
    read = arith::SelectOp::create(b, loc, isInside, read, none);
  }
  block.getArgument(5 + number).replaceAllUsesWith(read);
}

/// The outer entries are read beyond the table, and not used.
void Lookups::hideBeyond(unsigned number) {
  AuxiliaryAttr roles = getRoles(op, number);
  Value operand = op.getAuxiliaries()[number];
  Value argument = block.getArgument(5 + number);
  b.setInsertionPoint(op);
  Value size =
      b.createOrFold<tensor::DimOp>(loc, operand, *roles.getEntryDim());
  b.setInsertionPointToStart(&block);
  // A distance before the first entry is a large one without its sign.
  Value entry = arith::AddIOp::create(
      b, loc,
      arith::SubIOp::create(b, loc, block.getArgument(4), block.getArgument(3)),
      constant(roles.getCenter()));
  Value zero = constant(0);
  Value isInside = arith::AndIOp::create(
      b, loc,
      arith::CmpIOp::create(b, loc, arith::CmpIPredicate::sge, entry, zero),
      arith::CmpIOp::create(b, loc, arith::CmpIPredicate::slt, entry, size));
  Value none =
      arith::ConstantOp::create(b, loc, b.getZeroAttr(argument.getType()));
  auto kept = arith::SelectOp::create(b, loc, isInside, argument, none);
  argument.replaceAllUsesExcept(kept, kept);
}

std::optional<unsigned> Lookups::run() {
  unsigned count = op.getAuxiliaries().size();
  BitVector gone;
  for (unsigned number = 0; number < count; ++number) {
    AuxiliaryAttr roles = getRoles(op, number);
    bool isRead = isRow(roles) || roles.readsLabels();
    gone.push_back(isRead);
    if (isRow(roles))
      readRow(number);
    else if (roles.readsLabels())
      readLabel(number);
    else if (roles.getEntryDim() && roles.getBeyond() == Beyond::zero)
      hideBeyond(number);
  }
  bool byLabel = op.getValueTable() && op.getValueTableRoles()->readsLabels();
  if (byLabel)
    getLabel();
  SmallVector<Attribute> kept;
  SmallVector<Value> operands;
  gone.resize(op.getAuxiliaries().size());
  for (auto [number, operand] : llvm::enumerate(op.getAuxiliaries())) {
    if (gone[number])
      continue;
    AuxiliaryAttr roles = getRoles(op, number);
    operands.push_back(operand);
    kept.push_back(AuxiliaryAttr::get(op.getContext(), roles.getRoles(),
                                      roles.getCenter()));
  }
  op.getAuxiliariesMutable().assign(operands);
  op.setRolesAttr(b.getArrayAttr(kept));
  BitVector arguments(block.getNumArguments());
  for (unsigned number : gone.set_bits())
    arguments.set(5 + number);
  block.eraseArguments(arguments);
  // They came last.
  return byLabel ? std::optional<unsigned>(operands.size() - 1) : std::nullopt;
}

std::optional<unsigned> sextant::readLookups(RewriterBase &rewriter,
                                             AttentionOp op) {
  OpBuilder::InsertionGuard guard(rewriter);
  return Lookups(rewriter, op).run();
}
