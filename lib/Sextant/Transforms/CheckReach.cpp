//===- CheckReach.cpp - tables that promise every distance, checked -------===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "sextant/Sextant/Transforms/Passes.h"

#include "sextant/Sextant/IR/AttentionReach.h"
#include "sextant/Sextant/IR/RunTimeCheck.h"

#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/ControlFlow/IR/ControlFlowOps.h"
#include "mlir/Dialect/Linalg/Utils/Utils.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Remarks.h"

#include <limits>

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

/// The distances of an attention when it runs; both ends are part of them.
struct BuiltDistances {
  Value first, last;
  /// Whether there are any.
  Value exist;
};

/// Builds the distances of the queries and keys of an attention.
class DistanceBuilder {
public:
  DistanceBuilder(OpBuilder &b, AttentionOp op)
      : b(b), loc(op.getLoc()), op(op), reach(op) {}

  BuiltDistances build();

private:
  /// Those of batch entry, or sequence, `entry`, which may be null if all have
  /// the same.
  BuiltDistances buildOf(Value entry);
  Value buildRows(Value lengths, Value operand, Layout layout, Value entry);
  Value buildOrigin(unsigned position, Value entry);
  bool differ();
  Value buildCount();

  Value constant(int64_t value) {
    return arith::ConstantIndexOp::create(b, loc, value);
  }
  Value read(Value list, Value entry) {
    return getValueOrCreateCastToIndexLike(
        b, loc, b.getIndexType(),
        tensor::ExtractOp::create(b, loc, list, entry));
  }
  Value select(Value condition, Value yes, Value no) {
    return b.createOrFold<arith::SelectOp>(loc, condition, yes, no);
  }

  OpBuilder &b;
  Location loc;
  AttentionOp op;
  AttentionReach reach;
};

} // namespace

/// Takes the promises of `op` off: once checked, they are kept.
static void discharge(AttentionOp op) {
  auto clamped = [&](AuxiliaryAttr roles) {
    if (roles.getBeyond() != Beyond::none)
      return roles;
    return AuxiliaryAttr::get(op.getContext(), roles.getRoles(),
                              roles.getCenter());
  };
  auto all = [&](ArrayAttr list) {
    return ArrayAttr::get(
        op.getContext(), llvm::map_to_vector(list, [&](Attribute roles) {
          return Attribute(clamped(cast<AuxiliaryAttr>(roles)));
        }));
  };
  op.setRolesAttr(all(op.getRoles()));
  op.setModulationRolesAttr(all(op.getModulationRoles()));
  if (std::optional<AuxiliaryAttr> roles = op.getValueTableRoles())
    op.setValueTableRolesAttr(clamped(*roles));
  op.getScore().walk(
      [](RelativeFactorOp factor) { factor.setUnclipped(false); });
}

/// Whether they may differ from batch entry to batch entry.
bool DistanceBuilder::differ() {
  return op.getQueryLengths() || op.getKeyLengths() ||
         llvm::any_of(op.getOrigin(), [](Value entry) {
           return isa<ShapedType>(entry.getType());
         });
}

/// How many batch entries or sequences there are. Where operands disagree,
/// which is found later on, as many as all of them have.
Value DistanceBuilder::buildCount() {
  SmallVector<Value> counts;
  for (Value lengths : {op.getQueryLengths(), op.getKeyLengths()})
    if (lengths)
      counts.push_back(b.createOrFold<arith::SubIOp>(
          loc, linalg::createOrFoldDimOp(b, loc, lengths, 0), constant(1)));
  for (Value entry : op.getOrigin())
    if (isa<ShapedType>(entry.getType()))
      counts.push_back(linalg::createOrFoldDimOp(b, loc, entry, 0));
  Value count = counts.front();
  for (Value other : ArrayRef(counts).drop_front())
    count = b.createOrFold<arith::MinSIOp>(loc, count, other);
  return count;
}

Value DistanceBuilder::buildRows(Value lengths, Value operand, Layout layout,
                                 Value entry) {
  if (!lengths)
    return linalg::createOrFoldDimOp(b, loc, operand, getSequenceDim(layout));
  Value next = arith::AddIOp::create(b, loc, entry, constant(1));
  return arith::SubIOp::create(b, loc, read(lengths, next),
                               read(lengths, entry));
}

Value DistanceBuilder::buildOrigin(unsigned position, Value entry) {
  OpFoldResult origin = op.getMixedOrigin()[position];
  auto value = dyn_cast<Value>(origin);
  if (value && isa<ShapedType>(value.getType()))
    return read(value, entry);
  return getValueOrCreateConstantIndexOp(b, loc, origin);
}

BuiltDistances DistanceBuilder::buildOf(Value entry) {
  Value queries = buildRows(op.getQueryLengths(), op.getQueries().front(),
                            op.getQueryLayout(), entry);
  Value keys =
      buildRows(op.getKeyLengths(), op.getValue(), op.getValueLayout(), entry);
  Value offset = b.createOrFold<arith::SubIOp>(loc, buildOrigin(3, entry),
                                               buildOrigin(2, entry));
  SmallVector<OpFoldResult> symbols = {getAsOpFoldResult(queries),
                                       getAsOpFoldResult(keys),
                                       getAsOpFoldResult(offset)};
  BuiltDistances distances;
  distances.first = getValueOrCreateConstantIndexOp(
      b, loc,
      affine::makeComposedFoldedAffineMax(b, loc, reach.first, symbols));
  distances.last = getValueOrCreateConstantIndexOp(
      b, loc, affine::makeComposedFoldedAffineMin(b, loc, reach.last, symbols));
  auto isAtMost = [&](Value x, Value y) {
    return b.createOrFold<arith::CmpIOp>(loc, arith::CmpIPredicate::sle, x, y);
  };
  Value rows = b.createOrFold<arith::MinSIOp>(loc, queries, keys);
  distances.exist =
      b.createOrFold<arith::AndIOp>(loc, isAtMost(constant(1), rows),
                                    isAtMost(distances.first, distances.last));
  return distances;
}

BuiltDistances DistanceBuilder::build() {
  if (!differ())
    return buildOf(Value());
  Value greatest = constant(std::numeric_limits<int64_t>::max());
  Value least = constant(std::numeric_limits<int64_t>::min());
  auto loop = scf::ForOp::create(
      b, loc, constant(0), buildCount(), constant(1),
      ValueRange{greatest, least},
      [&](OpBuilder &inner, Location, Value entry, ValueRange extremes) {
        OpBuilder::InsertionGuard guard(b);
        b.restoreInsertionPoint(inner.saveInsertionPoint());
        BuiltDistances own = buildOf(entry);
        Value first = select(own.exist, own.first, greatest);
        Value last = select(own.exist, own.last, least);
        scf::YieldOp::create(
            b, loc,
            ValueRange{arith::MinSIOp::create(b, loc, extremes[0], first),
                       arith::MaxSIOp::create(b, loc, extremes[1], last)});
      });
  // Without an entry that has any, the last is before the first.
  Value exist = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::sle,
                                      loop.getResult(0), loop.getResult(1));
  return {loop.getResult(0), loop.getResult(1), exist};
}

static LogicalResult check(OpBuilder &b, AttentionOp op,
                           const PromisedTable &table,
                           const BuiltDistances &needs) {
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
      loc, notBelow(needs.first, first), notBelow(last, needs.last));
  Value none = b.createOrFold<arith::XOrIOp>(
      loc, needs.exist,
      arith::ConstantIntOp::create(b, loc, /*value=*/1, /*width=*/1));
  Value holds = b.createOrFold<arith::OrIOp>(loc, reaches, none);
  auto options =
      remark::RemarkOpts::name("attention").category("sextant-check-reach");
  std::optional<int64_t> known = getConstantIntValue(holds);
  if (known && !*known)
    return verifyReach(
        table,
        {*getConstantIntValue(needs.first), *getConstantIntValue(needs.last)},
        {*getConstantIntValue(first), *getConstantIntValue(last)});
  if (!known) {
    std::string message = addName("attention", loc) + ": expects " + table.name;
    if (table.op != op)
      message += " of '" + table.op->getName().getStringRef().str() + "'";
    message += " to reach the distance of every query and key";
    std::optional<int64_t> from = getConstantIntValue(first);
    std::optional<int64_t> to = getConstantIntValue(last);
    if (from && to)
      message += ", where it has those from " + std::to_string(*from) + " to " +
                 std::to_string(*to);
    Value found = arith::SelectOp::create(b, loc, notBelow(needs.first, first),
                                          needs.last, needs.first);
    buildRunTimeCheck(b, loc, holds, found, message);
  }
  remark::passed(loc, options) << remark::add(
      "{0} {1}", table.name,
      known ? "reaches every distance" : "is checked when lengths are known");
  return success();
}

void CheckReach::runOnOperation() {
  WalkResult result = getOperation()->walk([](AttentionOp op) {
    SmallVector<PromisedTable> tables = findPromises(op);
    if (tables.empty())
      return WalkResult::advance();
    OpBuilder b(op);
    BuiltDistances needs = DistanceBuilder(b, op).build();
    for (const PromisedTable &table : tables)
      if (failed(check(b, op, table, needs)))
        return WalkResult::interrupt();
    discharge(op);
    return WalkResult::advance();
  });
  if (result.wasInterrupted())
    signalPassFailure();
}
