//===- CheckReads.cpp - what an attention looks up is there ---------------===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Every way of computing an attention looks entries up by position, in loops
// that do not compare. So it is compared once, before: what has a role has the
// size of its role, and what the region reads at one of its positions has that
// many entries.
//
//===----------------------------------------------------------------------===//

#include "sextant/Sextant/Transforms/Passes.h"

#include "sextant/Sextant/IR/Extremes.h"
#include "sextant/Sextant/IR/RunTimeCheck.h"
#include "sextant/Sextant/IR/Sextant.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/ControlFlow/IR/ControlFlowOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Linalg/Utils/Utils.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Remarks.h"
#include "mlir/Interfaces/InferIntRangeInterface.h"

#include <limits>

namespace mlir::sextant {
#define GEN_PASS_DEF_CHECKREADS
#include "sextant/Sextant/Transforms/Passes.h.inc"
} // namespace mlir::sextant

using namespace mlir;
using namespace mlir::sextant;

namespace {

struct CheckReads : public sextant::impl::CheckReadsBase<CheckReads> {
  void runOnOperation() override;
};

/// A lookup in a score region, and the op of the region that does it.
struct Read {
  Operation *op;
  Value table;
  SmallVector<Value> indices;
};

/// What a region's index may be.
class Ranges {
public:
  explicit Ranges(AttentionOp op) : op(op) {}
  ConstantIntRanges get(Value value);

private:
  ConstantIntRanges infer(Value value);

  AttentionOp op;
  DenseMap<Value, ConstantIntRanges> known;
};

class Checker {
public:
  explicit Checker(AttentionOp op)
      : op(op), loc(op.getLoc()), b(op), ranges(op),
        prefix(addName("attention", loc) + ": ") {}
  void checkOperands();
  LogicalResult checkRegion();
  /// Says what is not checked because it is read in a region of the region.
  void explainNested();

private:
  Value buildSize(DimensionRole role);
  /// The least and the greatest origin of all batch entries.
  std::pair<Value, Value> buildOrigins(DimensionRole role);
  /// A dimension of size one is read for all, unless it has to be exact.
  void checkRoles(const std::string &name, Value operand, AuxiliaryAttr roles,
                  bool isExact = false);
  LogicalResult checkRead(const Read &read);
  bool isWithin(Value index, Value table, unsigned dim);
  LogicalResult checkEntries(const Read &read, unsigned dim, Value first,
                             Value end, StringRef each);
  /// The number of entries in a dimension of what is read. That of a row of an
  /// operand is the operand's.
  Value buildEntries(Value table, unsigned dim);

  Value constant(int64_t value) {
    return arith::ConstantIndexOp::create(b, loc, value);
  }
  Value compare(arith::CmpIPredicate predicate, Value x, Value y) {
    return b.createOrFold<arith::CmpIOp>(loc, predicate, x, y);
  }
  Value add(Value x, Value y) {
    return b.createOrFold<arith::AddIOp>(loc, x, y);
  }

  AttentionOp op;
  Location loc;
  OpBuilder b;
  Ranges ranges;
  std::string prefix;
};

} // namespace

static remark::RemarkOpts getOptions(StringRef name) {
  return remark::RemarkOpts::name(name).category("sextant-check-reads");
}

/// The size of a dimension, of what the tensor was made in: products that are
/// asked for their size would have one use too many to be made in chunks.
static Value buildDim(OpBuilder &b, Location loc, Value tensor, int64_t dim) {
  while (auto op = tensor.getDefiningOp<DestinationStyleOpInterface>())
    tensor = op.getTiedOpOperand(cast<OpResult>(tensor))->get();
  if (auto empty = tensor.getDefiningOp<tensor::EmptyOp>())
    return getValueOrCreateConstantIndexOp(b, loc, empty.getMixedSizes()[dim]);
  return linalg::createOrFoldDimOp(b, loc, tensor, dim);
}

/// The position that an index is, nothing if it is computed.
static std::optional<DimensionRole> getPosition(AttentionOp op, Value index) {
  auto argument = dyn_cast<BlockArgument>(index);
  if (!argument || argument.getOwner() != &op.getScore().front() ||
      argument.getArgNumber() < 1 || argument.getArgNumber() > 4)
    return std::nullopt;
  return static_cast<DimensionRole>(argument.getArgNumber() - 1);
}

//===----------------------------------------------------------------------===//
// Ranges
//===----------------------------------------------------------------------===//

ConstantIntRanges Ranges::get(Value value) {
  if (auto found = known.find(value); found != known.end())
    return found->second;
  ConstantIntRanges range = infer(value);
  known.try_emplace(value, range);
  return range;
}

ConstantIntRanges Ranges::infer(Value value) {
  unsigned width = ConstantIntRanges::getStorageBitwidth(value.getType());
  ConstantIntRanges any = ConstantIntRanges::maxRange(width);
  auto between = [&](int64_t first, int64_t last) {
    return ConstantIntRanges::fromSigned(APInt(width, first, /*isSigned=*/true),
                                         APInt(width, last, /*isSigned=*/true));
  };
  if (std::optional<DimensionRole> role = getPosition(op, value)) {
    std::optional<int64_t> origin =
        getConstantIntValue(op.getMixedOrigin()[static_cast<unsigned>(*role)]);
    if (!origin || *origin < 0)
      return any;
    bool isKey = *role == DimensionRole::key;
    Value operand = isKey ? op.getValue() : op.getQueries().front();
    Layout layout = isKey ? op.getValueLayout() : op.getQueryLayout();
    auto type = cast<ShapedType>(operand.getType());
    int64_t size = *role == DimensionRole::batch
                       ? (layout == Layout::thd ? ShapedType::kDynamic
                                                : type.getDimSize(0))
                   : *role == DimensionRole::head
                       ? type.getDimSize(getHeadDim(layout))
                       : type.getDimSize(getSequenceDim(layout));
    return between(*origin, ShapedType::isDynamic(size) || size < 1
                                ? std::numeric_limits<int64_t>::max()
                                : *origin + size - 1);
  }
  if (auto bucket = value.getDefiningOp<LogBucketOp>())
    return between(0, 2 * static_cast<int64_t>(bucket.getSize()) - 1);
  auto inferable = value.getDefiningOp<InferIntRangeInterface>();
  if (!inferable || inferable->getNumResults() != 1)
    return any;
  SmallVector<IntegerValueRange> operands;
  for (Value operand : inferable->getOperands())
    operands.push_back(operand.getType().isIntOrIndex()
                           ? IntegerValueRange(get(operand))
                           : IntegerValueRange());
  ConstantIntRanges result = any;
  inferable.inferResultRangesFromOptional(
      operands, [&](Value, const IntegerValueRange &range) {
        if (!range.isUninitialized())
          result = range.getValue();
      });
  return result;
}

//===----------------------------------------------------------------------===//
// What is read by role
//===----------------------------------------------------------------------===//

Value Checker::buildSize(DimensionRole role) {
  Value query = op.getQueries().front();
  switch (role) {
  case DimensionRole::batch:
    if (op.getQueryLayout() == Layout::thd)
      return b.createOrFold<arith::SubIOp>(
          loc, buildDim(b, loc, op.getQueryLengths(), 0), constant(1));
    return buildDim(b, loc, query, 0);
  case DimensionRole::head:
    return buildDim(b, loc, query, getHeadDim(op.getQueryLayout()));
  case DimensionRole::query:
    return buildDim(b, loc, query, getSequenceDim(op.getQueryLayout()));
  default:
    return buildDim(b, loc, op.getValue(), getSequenceDim(op.getValueLayout()));
  }
}

void Checker::checkRoles(const std::string &name, Value operand,
                         AuxiliaryAttr roles, bool isExact) {
  auto type = cast<ShapedType>(operand.getType());
  for (auto [dim, role] : llvm::enumerate(roles.getRoles())) {
    int64_t own = type.getDimSize(dim);
    bool isDynamic = ShapedType::isDynamic(own);
    if (role == DimensionRole::free || (own == 1 && !isExact))
      continue;
    bool isEntry =
        role == DimensionRole::distance || role == DimensionRole::label;
    if (isEntry && !isDynamic)
      continue;
    Value expected = isEntry ? constant(1) : buildSize(role);
    std::optional<int64_t> number = getConstantIntValue(expected);
    // What types tell has been verified.
    if (number && !isDynamic)
      continue;
    Value entries = buildDim(b, loc, operand, dim);
    Value holds =
        compare(isEntry ? arith::CmpIPredicate::sge : arith::CmpIPredicate::eq,
                entries, expected);
    if (getConstantIntValue(holds))
      continue;
    std::string message =
        prefix + "expects dimension " + std::to_string(dim) + " of " + name;
    message += isEntry ? " to have an entry"
                       : " to have one entry for each " +
                             stringifyDimensionRole(role).str();
    if (!isEntry && number)
      message += ", which are " + std::to_string(*number);
    // What types tell stands in the message; what they do not is found.
    if (!isDynamic)
      message += ", as it has for " + std::to_string(own);
    buildRunTimeCheck(b, loc, holds, isDynamic ? entries : expected, message);
  }
}

void Checker::checkOperands() {
  for (auto [number, operand, roles] :
       llvm::enumerate(op.getAuxiliaries(), op.getRoles()))
    checkRoles("auxiliary operand " + std::to_string(number), operand,
               cast<AuxiliaryAttr>(roles));
  for (auto [number, operand, roles] :
       llvm::enumerate(op.getModulations(), op.getModulationRoles()))
    checkRoles("modulation " + std::to_string(number), operand,
               cast<AuxiliaryAttr>(roles));
  if (op.getLabels())
    checkRoles("the labels", op.getLabels(), *op.getLabelRoles());
  if (op.getValueTable())
    checkRoles("the table of values", op.getValueTable(),
               *op.getValueTableRoles());
  MLIRContext *context = op.getContext();
  if (op.getSink())
    checkRoles("the sink", op.getSink(),
               AuxiliaryAttr::get(context, {DimensionRole::head}, 0),
               /*isExact=*/true);
  for (OpFoldResult entry : op.getMixedOrigin())
    if (auto value = dyn_cast<Value>(entry);
        value && isa<ShapedType>(value.getType()))
      checkRoles("the origin", value,
                 AuxiliaryAttr::get(context, {DimensionRole::batch}, 0),
                 /*isExact=*/true);
}

//===----------------------------------------------------------------------===//
// What the region reads
//===----------------------------------------------------------------------===//

/// The lookups of a region: its own, and those of its terms, which are lowered
/// to see them. What lies in a region within it may be behind a condition.
static SmallVector<Read> findReads(AttentionOp op) {
  SmallVector<Read> reads;
  auto add = [&](Operation *inner, Operation *owner) {
    if (auto extract = dyn_cast<tensor::ExtractOp>(inner))
      reads.push_back(
          {owner, extract.getTensor(), llvm::to_vector(extract.getIndices())});
  };
  for (Operation &inner : op.getScore().front()) {
    add(&inner, &inner);
    auto term = dyn_cast<PositionTermOpInterface>(&inner);
    if (!term ||
        llvm::none_of(inner.getOperandTypes(), llvm::IsaPred<ShapedType>))
      continue;
    Operation *before = inner.getPrevNode();
    OpBuilder builder(&inner);
    term.lower(builder);
    // A term's rows are its own matter: what it is given is the position.
    size_t own = reads.size();
    while (inner.getPrevNode() != before) {
      add(inner.getPrevNode(), &inner);
      inner.getPrevNode()->erase();
    }
    for (Read &read : MutableArrayRef(reads).drop_front(own))
      for (Value &index : read.indices)
        if (!llvm::is_contained(inner.getOperands(), index))
          index = Value();
  }
  return reads;
}

std::pair<Value, Value> Checker::buildOrigins(DimensionRole role) {
  OpFoldResult origin = op.getMixedOrigin()[static_cast<unsigned>(role)];
  auto value = dyn_cast<Value>(origin);
  if (!value || !isa<ShapedType>(value.getType())) {
    Value all = getValueOrCreateConstantIndexOp(b, loc, origin);
    return {all, all};
  }
  auto [least, greatest] = buildExtremes(b, loc, value);
  Type index = b.getIndexType();
  return {arith::IndexCastOp::create(b, loc, index, least),
          arith::IndexCastOp::create(b, loc, index, greatest)};
}

Value Checker::buildEntries(Value table, unsigned dim) {
  auto row = dyn_cast<BlockArgument>(table);
  if (!row || row.getOwner() != &op.getScore().front())
    return buildDim(b, loc, table, dim);
  unsigned number = row.getArgNumber() - 5;
  auto roles = cast<AuxiliaryAttr>(op.getRoles()[number]);
  return buildDim(b, loc, op.getAuxiliaries()[number],
                  roles.getRoles().size() - roles.getNumFree() + dim);
}

LogicalResult Checker::checkEntries(const Read &read, unsigned dim, Value first,
                                    Value end, StringRef each) {
  Value entries = buildEntries(read.table, dim);
  Value holds = b.createOrFold<arith::AndIOp>(
      loc, compare(arith::CmpIPredicate::sge, entries, end),
      compare(arith::CmpIPredicate::sge, first, constant(0)));
  std::optional<int64_t> known = getConstantIntValue(holds);
  std::optional<int64_t> expected = getConstantIntValue(end);
  std::optional<int64_t> got = getConstantIntValue(entries);
  if (known && *known)
    return success();
  if (known) {
    InFlightDiagnostic error = read.op->emitOpError("expects dimension ")
                               << dim << " of what it reads to have " << each
                               << ", " << expected.value_or(0)
                               << " or more, but got " << got.value_or(0);
    error.attachNote(loc) << "of this";
    return error;
  }
  std::string message = prefix + "expects dimension " + std::to_string(dim) +
                        " of what '" + read.op->getName().getStringRef().str() +
                        "' reads to have " + each.str();
  if (expected)
    message += ", " + std::to_string(*expected) + " or more";
  Value found = entries;
  if (got) {
    message += ", as it has for those from 0 to " + std::to_string(*got - 1);
    Value last = b.createOrFold<arith::SubIOp>(loc, end, constant(1));
    found = b.createOrFold<arith::SelectOp>(
        loc, compare(arith::CmpIPredicate::sge, first, constant(0)), last,
        first);
  }
  buildRunTimeCheck(b, loc, holds, found, message);
  remark::passed(read.op->getLoc(), getOptions("Checked"))
      << remark::add("what it reads is checked to have {0}", each);
  return success();
}

/// Whether the range of an index is known to lie in a static dimension.
bool Checker::isWithin(Value index, Value table, unsigned dim) {
  ConstantIntRanges range = ranges.get(index);
  auto type = cast<ShapedType>(table.getType());
  return !range.smin().isNegative() && !type.isDynamicDim(dim) &&
         range.smax().slt(type.getDimSize(dim));
}

LogicalResult Checker::checkRead(const Read &read) {
  for (auto [dim, index] : llvm::enumerate(read.indices)) {
    if (!index)
      continue;
    if (std::optional<DimensionRole> role = getPosition(op, index)) {
      Layout layout = *role == DimensionRole::query ? op.getQueryLayout()
                                                    : op.getKeyLayout();
      if (layout == Layout::thd &&
          (*role == DimensionRole::query || *role == DimensionRole::key)) {
        remark::missed(read.op->getLoc(), getOptions("Unchecked"))
            << remark::reason("what it reads in dimension {0} is not checked: "
                              "sequences lie end to end",
                              dim);
        continue;
      }
      auto [first, last] = buildOrigins(*role);
      Value end = add(last, buildSize(*role));
      std::string each =
          ("an entry for each " + stringifyDimensionRole(*role)).str();
      if (failed(checkEntries(read, dim, first, end, each)))
        return failure();
      continue;
    }
    ConstantIntRanges range = ranges.get(index);
    // All of a constant, and of DeBERTa's buckets; of the rest what it may be.
    bool isAll = range.getConstantValue() || index.getDefiningOp<LogBucketOp>();
    if (isAll) {
      if (failed(checkEntries(read, dim, constant(range.smin().getSExtValue()),
                              constant(range.smax().getSExtValue() + 1),
                              "an entry for each index that it is read at")))
        return failure();
      continue;
    }
    if (!isWithin(index, read.table, dim))
      remark::missed(read.op->getLoc(), getOptions("Unchecked"))
          << remark::reason("what it reads in dimension {0} is not checked: "
                            "the index is computed",
                            dim);
  }
  return success();
}

LogicalResult Checker::checkRegion() {
  for (const Read &read : findReads(op))
    if (failed(checkRead(read)))
      return failure();
  return success();
}

// What a region within the region reads may never be reached: to fail for it
// would be wrong.
void Checker::explainNested() {
  op.getScore().walk([&](tensor::ExtractOp extract) {
    if (extract->getBlock() == &op.getScore().front())
      return;
    for (auto [dim, index] : llvm::enumerate(extract.getIndices()))
      if (!isWithin(index, extract.getTensor(), dim))
        remark::missed(extract.getLoc(), getOptions("Unchecked"))
            << remark::reason("what it reads in dimension {0} is not checked: "
                              "it may be behind a condition",
                              dim);
  });
}

/// A running form that the input gives has its own parts: what was checked
/// before they were taken is not known any more.
static void explain(OnlineAttentionOp op) {
  bool reads = !op.getAuxiliaries().empty();
  op.getScore().walk([&](Operation *inner) {
    reads |=
        isa<tensor::ExtractOp>(inner) ||
        (isa<PositionTermOpInterface>(inner) &&
         llvm::any_of(inner->getOperandTypes(), llvm::IsaPred<ShapedType>));
  });
  if (reads)
    remark::missed(op.getLoc(), getOptions("Unchecked")) << remark::reason(
        "what it reads is not checked: it is given in its running form");
}

void CheckReads::runOnOperation() {
  getOperation()->walk(explain);
  WalkResult result = getOperation()->walk([](AttentionOp op) {
    Checker checker(op);
    checker.checkOperands();
    checker.explainNested();
    return WalkResult(checker.checkRegion());
  });
  if (result.wasInterrupted())
    signalPassFailure();
}
