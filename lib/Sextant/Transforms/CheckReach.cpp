//===- CheckReach.cpp - tables that promise every distance, checked -------===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "sextant/Sextant/Transforms/Passes.h"

#include "sextant/Sextant/IR/Sextant.h"
#include "sextant/Sextant/Transforms/VisibleKeys.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/ControlFlow/IR/ControlFlowOps.h"
#include "mlir/Dialect/Linalg/Utils/Utils.h"
#include "mlir/IR/Remarks.h"

namespace mlir::sextant {
#define GEN_PASS_DEF_CHECKREACH
#include "sextant/Sextant/Transforms/Passes.h.inc"
} // namespace mlir::sextant

using namespace mlir;
using namespace mlir::sextant;

namespace {

struct CheckReach : public sextant::impl::CheckReachBase<CheckReach> {
  void runOnOperation() override;
};

/// A table that promises an entry for each distance j - i.
struct Table {
  Operation *op;
  std::string name;
  Value value;
  unsigned dim;
  /// The entry of distance 0.
  int64_t center;
  /// Of the distance's absolute value.
  bool symmetric = false;
};

/// The distances of an attention; both ends are part of it.
struct Distances {
  Value first, last;
  /// Whether there are any.
  Value exist;
};

} // namespace

/// Takes the promises of `roles` off, and lists whose they were.
static ArrayAttr takePromises(AttentionOp op, StringRef name, OperandRange all,
                              ArrayAttr roles, SmallVectorImpl<Table> &tables) {
  SmallVector<Attribute> discharged;
  for (auto [number, attribute] : llvm::enumerate(roles)) {
    auto role = cast<AuxiliaryAttr>(attribute);
    if (role.getBeyond() == Beyond::none) {
      tables.push_back({op, (name + " " + Twine(number)).str(), all[number],
                        *role.getEntryDim(), role.getCenter()});
      role = AuxiliaryAttr::get(op.getContext(), role.getRoles(),
                                role.getCenter());
    }
    discharged.push_back(role);
  }
  return ArrayAttr::get(op.getContext(), discharged);
}

static SmallVector<Table> takePromises(AttentionOp op) {
  SmallVector<Table> tables;
  op.setRolesAttr(takePromises(op, "auxiliary operand", op.getAuxiliaries(),
                               op.getRoles(), tables));
  op.setModulationRolesAttr(takePromises(op, "modulation", op.getModulations(),
                                         op.getModulationRoles(), tables));
  if (std::optional<AuxiliaryAttr> roles = op.getValueTableRoles();
      roles && roles->getBeyond() == Beyond::none) {
    tables.push_back({op, "the table of values", op.getValueTable(),
                      *roles->getEntryDim(), roles->getCenter()});
    op.setValueTableRolesAttr(AuxiliaryAttr::get(
        op.getContext(), roles->getRoles(), roles->getCenter()));
  }
  op.getScore().walk([&](RelativeFactorOp factor) {
    if (!factor.getUnclipped())
      return;
    auto type = cast<ShapedType>(factor.getTable().getType());
    tables.push_back({factor, "the table", factor.getTable(), 0,
                      factor.getSymmetric() ? 0 : type.getDimSize(0) / 2,
                      factor.getSymmetric()});
    factor.setUnclipped(false);
  });
  return tables;
}

/// Nothing, with a diagnostic, where they differ from batch entry to entry.
static std::optional<Distances> buildDistances(OpBuilder &b, AttentionOp op) {
  Location loc = op.getLoc();
  if (op.getQueryLayout() == Layout::thd || op.getKeyLayout() == Layout::thd) {
    op.emitOpError("expects sequences of one length around an unclipped "
                   "table, but got layout thd");
    return std::nullopt;
  }
  SmallVector<OpFoldResult> origin = op.getMixedOrigin();
  for (OpFoldResult entry : ArrayRef(origin).drop_front(2))
    if (auto value = dyn_cast<Value>(entry);
        value && isa<ShapedType>(value.getType())) {
      op.emitOpError("expects one origin for all batch entries around an "
                     "unclipped table, but got ")
          << value.getType();
      return std::nullopt;
    }
  auto add = [&](Value x, Value y) {
    return b.createOrFold<arith::AddIOp>(loc, x, y);
  };
  auto sub = [&](Value x, Value y) {
    return b.createOrFold<arith::SubIOp>(loc, x, y);
  };
  Value zero = arith::ConstantIndexOp::create(b, loc, 0);
  Value one = arith::ConstantIndexOp::create(b, loc, 1);
  Value rows = linalg::createOrFoldDimOp(b, loc, op.getQueries().front(),
                                         getSequenceDim(op.getQueryLayout()));
  Value keys = linalg::createOrFoldDimOp(b, loc, op.getValue(),
                                         getSequenceDim(op.getValueLayout()));
  Value offset = sub(getValueOrCreateConstantIndexOp(b, loc, origin[3]),
                     getValueOrCreateConstantIndexOp(b, loc, origin[2]));
  Distances distances;
  distances.first = add(sub(offset, rows), one);
  distances.last = sub(add(offset, keys), one);
  distances.exist = b.createOrFold<arith::CmpIOp>(
      loc, arith::CmpIPredicate::ne,
      b.createOrFold<arith::MulIOp>(loc, rows, keys), zero);
  // A side that a mask hides for good needs no entries. It is all of the side
  // if one effect begins right beside the query's own position.
  for (PositionTermOpInterface term : findHidingTerms(op.getScore().front())) {
    TermSummary summary = term.getSummary();
    if (summary.positions != TermPositions::distance ||
        !summary.keepsOwnPosition || !summary.before || !summary.after)
      continue;
    if (*summary.before == 0 && *summary.after == 1)
      distances.last =
          b.createOrFold<arith::MinSIOp>(loc, distances.last, zero);
    if (*summary.before == -1 && *summary.after == 0)
      distances.first =
          b.createOrFold<arith::MaxSIOp>(loc, distances.first, zero);
  }
  return distances;
}

static LogicalResult check(OpBuilder &b, AttentionOp op, const Table &table,
                           const Distances &distances) {
  Location loc = op.getLoc();
  auto constant = [&](int64_t value) -> Value {
    return arith::ConstantIndexOp::create(b, loc, value);
  };
  auto notBelow = [&](Value x, Value y) {
    return b.createOrFold<arith::CmpIOp>(loc, arith::CmpIPredicate::sge, x, y);
  };
  Value entries = linalg::createOrFoldDimOp(b, loc, table.value, table.dim);
  Value last =
      b.createOrFold<arith::SubIOp>(loc, entries, constant(table.center + 1));
  Value first = table.symmetric
                    ? b.createOrFold<arith::SubIOp>(loc, constant(0), last)
                    : constant(-table.center);
  Value reaches = b.createOrFold<arith::AndIOp>(
      loc, notBelow(distances.first, first), notBelow(last, distances.last));
  Value none = b.createOrFold<arith::XOrIOp>(
      loc, distances.exist,
      arith::ConstantIntOp::create(b, loc, /*value=*/1, /*width=*/1));
  Value holds = b.createOrFold<arith::OrIOp>(loc, reaches, none);
  auto options =
      remark::RemarkOpts::name("attention").category("sextant-check-reach");
  std::optional<int64_t> known = getConstantIntValue(holds);
  if (known && !*known)
    return table.op->emitOpError("expects ")
           << table.name << " to reach the distances "
           << *getConstantIntValue(distances.first) << " to "
           << *getConstantIntValue(distances.last) << ", but got "
           << *getConstantIntValue(first) << " to "
           << *getConstantIntValue(last);
  if (!known)
    cf::AssertOp::create(b, loc, holds,
                         "attention: expects " + table.name +
                             " to reach the distance of every query and key");
  remark::passed(loc, options) << remark::add(
      "{0} {1}", table.name,
      known ? "reaches every distance" : "is checked when lengths are known");
  return success();
}

void CheckReach::runOnOperation() {
  WalkResult result = getOperation()->walk([](AttentionOp op) {
    SmallVector<Table> tables = takePromises(op);
    if (tables.empty())
      return WalkResult::advance();
    OpBuilder b(op);
    std::optional<Distances> distances = buildDistances(b, op);
    if (!distances)
      return WalkResult::interrupt();
    for (const Table &table : tables)
      if (failed(check(b, op, table, *distances)))
        return WalkResult::interrupt();
    return WalkResult::advance();
  });
  if (result.wasInterrupted())
    signalPassFailure();
}
