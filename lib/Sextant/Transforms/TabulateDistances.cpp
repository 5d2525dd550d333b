//===- TabulateDistances.cpp - terms of the distance as tables ------------===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A term is lowered where it stands, and what it adds or multiplies by is then
// taken out, for all distances that the attention has: with the query at 0, the
// key is the distance.
//
//===----------------------------------------------------------------------===//

#include "sextant/Sextant/Analysis/ElementValue.h"
#include "sextant/Sextant/IR/Sextant.h"
#include "sextant/Sextant/Transforms/Passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Utils/IndexingUtils.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/PatternMatch.h"
#include "mlir/IR/Remarks.h"
#include "llvm/ADT/SetVector.h"

namespace mlir::sextant {
#define GEN_PASS_DEF_TABULATEDISTANCES
#include "sextant/Sextant/Transforms/Passes.h.inc"
} // namespace mlir::sextant

using namespace mlir;
using namespace mlir::sextant;

namespace {

/// A table beyond this is larger than the distances that are there.
constexpr int64_t largestSaturating = 4096;
/// A constant beyond this would take long to compute.
constexpr int64_t largestFolded = 1 << 16;
/// Ops that cost as much as reading an entry does.
constexpr unsigned cheap = 12;

/// One term of one attention.
class Tabulation {
public:
  Tabulation(IRRewriter &rewriter, AttentionOp op, PositionTermOpInterface term)
      : rewriter(rewriter), op(op), term(term), block(op.getScore().front()),
        loc(term.getLoc()), summary(term.getSummary()) {}

  /// Why the term stays as it is, or nothing. What it was lowered to for the
  /// question is then unused.
  std::string run();
  bool isTable() const { return root; }

private:
  std::string analyze();
  bool reads(Value value, function_ref<bool(Value)> which);
  bool dependsOnDistance(Value value) {
    return reads(value, [&](Value v) {
      return v == block.getArgument(3) || v == block.getArgument(4);
    });
  }
  bool dependsOnHead(Value value) {
    return reads(value, [&](Value v) {
      auto argument = dyn_cast<BlockArgument>(v);
      if (!argument || argument.getOwner() != &block)
        return false;
      unsigned number = argument.getArgNumber();
      return number == 2 ||
             (number >= 5 && getRoles(number - 5).getNumFree() !=
                                 getRoles(number - 5).getRoles().size());
    });
  }
  AuxiliaryAttr getRoles(unsigned number) {
    return cast<AuxiliaryAttr>(op.getRoles()[number]);
  }
  std::string whyNotOutside(Value value);
  Value cloneOutside(OpBuilder &b, Value value, IRMapping &mapping);
  using BuildEntry =
      function_ref<Value(OpBuilder &b, Value head, Value distance)>;
  Value fill(Value offset, OpFoldResult entries, BuildEntry buildEntry);
  Value buildTable(Value offset, OpFoldResult entries, bool negate);
  bool isSymmetric();
  Value mirror(Value half, Value nearest, Value offset, OpFoldResult entries);
  Value foldTable(Value table);
  void saturate();
  void spread();
  Value toIndex(OpFoldResult value) {
    return getValueOrCreateConstantIndexOp(rewriter, loc, value);
  }

  IRRewriter &rewriter;
  AttentionOp op;
  PositionTermOpInterface term;
  Block &block;
  Location loc;
  TermSummary summary;

  /// The last op of the lowered term: score `root` effect, and the effect is
  /// `entry`, or the product of `entry` and a `factor` that is the head's.
  Operation *root = nullptr;
  Value replacement, entry, factor;
  bool perHead = false;
};

} // namespace

/// Whether anything that `value` is computed from within the region is meant.
bool Tabulation::reads(Value value, function_ref<bool(Value)> which) {
  SetVector<Value> visited;
  visited.insert(value);
  for (unsigned next = 0; next < visited.size(); ++next) {
    if (which(visited[next]))
      return true;
    Operation *source = visited[next].getDefiningOp();
    if (source && source->getBlock() == &block)
      visited.insert(source->operand_begin(), source->operand_end());
  }
  return false;
}

/// Why what `value` is computed from is not known before the attention.
std::string Tabulation::whyNotOutside(Value value) {
  std::string reason;
  reads(value, [&](Value v) {
    auto argument = dyn_cast<BlockArgument>(v);
    if (argument && argument.getOwner() == &block) {
      unsigned number = argument.getArgNumber();
      if (number == 0)
        reason = "it depends on the score";
      else if (number == 1)
        reason = "it depends on the batch entry";
      else if (number >= 5)
        for (DimensionRole role : getRoles(number - 5).getRoles())
          if (role != DimensionRole::head && role != DimensionRole::free)
            reason =
                ("it reads an auxiliary by " + stringifyDimensionRole(role))
                    .str();
      if (number >= 5 && getRoles(number - 5).getNumFree() &&
          getRoles(number - 5).getNumFree() !=
              getRoles(number - 5).getRoles().size())
        reason = "it reads a row for each head";
    }
    Operation *source = v.getDefiningOp();
    if (source && source->getBlock() == &block &&
        (source->getNumRegions() != 0 || !isPure(source)))
      reason = ("it is computed by '" + source->getName().getStringRef() + "'")
                   .str();
    return !reason.empty();
  });
  return reason;
}

std::string Tabulation::analyze() {
  if (summary.positions != TermPositions::distance ||
      summary.action == TermAction::hide)
    return "";
  if (term.getQueryPosition() != block.getArgument(3) ||
      term.getKeyPosition() != block.getArgument(4))
    return "its positions are not the region's";
  // score + x, score - x, score * x.
  Value score = term.getScore();
  rewriter.setInsertionPoint(term);
  Value lowered = term.lower(rewriter);
  Operation *last = lowered.getDefiningOp();
  if (!isa_and_present<arith::AddFOp, arith::SubFOp, arith::MulFOp>(last) ||
      last->getOperand(0) != score)
    return "it is neither added to the score nor multiplied with it";
  Value effect = last->getOperand(1);
  unsigned cost = 0;
  reads(effect, [&](Value v) {
    Operation *source = v.getDefiningOp();
    if (!source || source->getBlock() != &block || !dependsOnDistance(v))
      return false;
    cost += isa<math::MathDialect>(source->getDialect()) ||
                    isa<tensor::ExtractOp>(source)
                ? cheap
                : 1;
    return false;
  });
  if (cost < cheap)
    return "";
  if (std::string reason = whyNotOutside(effect); !reason.empty())
    return reason;
  root = last;
  entry = effect;
  if (auto product = effect.getDefiningOp<arith::MulFOp>())
    for (bool swap : {false, true}) {
      Value a = product->getOperand(swap), x = product->getOperand(!swap);
      if (!dependsOnDistance(a) && !dependsOnHead(x)) {
        factor = a;
        entry = x;
        break;
      }
    }
  perHead = dependsOnHead(entry);
  replacement = lowered;
  return "";
}

/// What `value` is, at the positions and the head that `mapping` has.
Value Tabulation::cloneOutside(OpBuilder &b, Value value, IRMapping &mapping) {
  if (mapping.contains(value))
    return mapping.lookup(value);
  auto argument = dyn_cast<BlockArgument>(value);
  if (argument && argument.getOwner() == &block) {
    unsigned number = argument.getArgNumber() - 5;
    Value operand = op.getAuxiliaries()[number];
    AuxiliaryAttr roles = getRoles(number);
    if (!roles.getNumFree()) {
      SmallVector<Value> indices;
      for (unsigned dim = 0; dim < roles.getRoles().size(); ++dim)
        indices.push_back(
            cast<ShapedType>(operand.getType()).getDimSize(dim) == 1
                ? arith::ConstantIndexOp::create(b, loc, 0).getResult()
                : linalg::IndexOp::create(b, loc, 0).getResult());
      operand = tensor::ExtractOp::create(b, loc, operand, indices);
    }
    mapping.map(value, operand);
    return operand;
  }
  Operation *source = value.getDefiningOp();
  if (!source || source->getBlock() != &block)
    return value;
  for (Value operand : source->getOperands())
    mapping.map(operand, cloneOutside(b, operand, mapping));
  b.clone(*source, mapping);
  return mapping.lookup(value);
}

/// [heads, entries], or [entries] where heads share it and `head` is null:
/// entry t is that of distance t - offset.
Value Tabulation::fill(Value offset, OpFoldResult entries,
                       BuildEntry buildEntry) {
  int64_t heads = cast<ShapedType>(op.getQueries()[0].getType())
                      .getDimSize(getHeadDim(op.getQueryLayout()));
  SmallVector<OpFoldResult> shape;
  if (perHead)
    shape.push_back(rewriter.getIndexAttr(heads));
  shape.push_back(entries);
  unsigned rank = shape.size();
  Value empty = tensor::EmptyOp::create(rewriter, loc, shape, entry.getType());
  return linalg::GenericOp::create(
             rewriter, loc, empty.getType(), ValueRange(), empty,
             rewriter.getMultiDimIdentityMap(rank),
             SmallVector<utils::IteratorType>(rank,
                                              utils::IteratorType::parallel),
             [&](OpBuilder &b, Location loc, ValueRange) {
               Value head;
               if (perHead)
                 head = linalg::IndexOp::create(b, loc, 0);
               Value distance = arith::SubIOp::create(
                   b, loc, linalg::IndexOp::create(b, loc, rank - 1), offset);
               linalg::YieldOp::create(b, loc, buildEntry(b, head, distance));
             })
      .getResult(0);
}

Value Tabulation::buildTable(Value offset, OpFoldResult entries, bool negate) {
  Value firstHead = toIndex(op.getMixedOrigin()[1]);
  return fill(offset, entries, [&](OpBuilder &b, Value head, Value distance) {
    IRMapping mapping;
    if (head)
      mapping.map(block.getArgument(2),
                  arith::AddIOp::create(b, loc, head, firstHead).getResult());
    mapping.map(block.getArgument(3),
                arith::ConstantIndexOp::create(b, loc, 0).getResult());
    mapping.map(block.getArgument(4), distance);
    Value result = cloneOutside(b, entry, mapping);
    return negate ? arith::NegFOp::create(b, loc, result) : result;
  });
}

/// Whether the distance, and no other sum of positions, is all that is read of
/// them, and only as its magnitude: max(d, 0 - d).
bool Tabulation::isSymmetric() {
  auto isDistance = [&](Value value) {
    if (auto cast = value.getDefiningOp<arith::IndexCastOp>())
      value = cast.getIn();
    auto gap = value.getDefiningOp<arith::SubIOp>();
    return gap &&
           llvm::is_contained({gap.getLhs(), gap.getRhs()},
                              Value(block.getArgument(3))) &&
           llvm::is_contained({gap.getLhs(), gap.getRhs()},
                              Value(block.getArgument(4)));
  };
  SetVector<Value> visited;
  visited.insert(entry);
  for (unsigned next = 0; next < visited.size(); ++next) {
    Value value = visited[next];
    if (value == block.getArgument(3) || value == block.getArgument(4))
      return false;
    Operation *source = value.getDefiningOp();
    if (!source || source->getBlock() != &block)
      continue;
    if (auto length = dyn_cast<arith::MaxSIOp>(source)) {
      auto negative = length.getRhs().getDefiningOp<arith::SubIOp>();
      if (negative && negative.getRhs() == length.getLhs() &&
          isZeroInteger(negative.getLhs()) && isDistance(length.getLhs()))
        continue;
    }
    visited.insert(source->operand_begin(), source->operand_end());
  }
  return true;
}

/// The table whose entries at either distance are those of `half`, a table of
/// the distances from `nearest` on.
Value Tabulation::mirror(Value half, Value nearest, Value offset,
                         OpFoldResult entries) {
  return fill(offset, entries, [&](OpBuilder &b, Value head, Value distance) {
    Value zero = arith::ConstantIndexOp::create(b, loc, 0);
    Value length = arith::MaxSIOp::create(
        b, loc, distance, arith::SubIOp::create(b, loc, zero, distance));
    SmallVector<Value> place;
    if (head)
      place.push_back(head);
    place.push_back(arith::SubIOp::create(b, loc, length, nearest));
    return tensor::ExtractOp::create(b, loc, half, place).getResult();
  });
}

/// The same table as a constant, if all that it is computed from is constant:
/// to fill it in every call took longer than the attention of a short sequence.
/// Functions stay, whose values here need not be those of the machine.
Value Tabulation::foldTable(Value table) {
  auto type = cast<RankedTensorType>(table.getType());
  auto generic = table.getDefiningOp<linalg::GenericOp>();
  bool hasFunctions = llvm::any_of(*generic.getBody(), [](Operation &inner) {
    return isa<math::MathDialect>(inner.getDialect());
  });
  if (hasFunctions || !type.hasStaticShape() ||
      type.getNumElements() > largestFolded)
    return table;
  ElementContext context(op.getContext());
  ElementValue values(context);
  SmallVector<Attribute> entries;
  SmallVector<int64_t> strides = computeStrides(type.getShape());
  for (int64_t number = 0; number < type.getNumElements(); ++number) {
    SmallVector<Element> place;
    for (int64_t index : delinearize(number, strides))
      place.push_back(context.integer(index));
    Element value = values.element(table, place);
    std::optional<APFloat> known;
    if (value)
      known = ElementContext::getFloat(value);
    if (!known)
      return table;
    entries.push_back(FloatAttr::get(type.getElementType(), *known));
  }
  return rewriter.replaceOpWithNewOp<arith::ConstantOp>(
      generic, DenseElementsAttr::get(type, entries));
}

/// The table ends where the term does not change any more.
void Tabulation::saturate() {
  int64_t before = -*summary.before, after = *summary.after;
  bool negate = isa<arith::SubFOp>(root);
  Value offset = arith::ConstantIndexOp::create(rewriter, loc, before);
  Value table = buildTable(offset, rewriter.getIndexAttr(before + after + 1),
                           negate && !factor);
  table = foldTable(table);
  SmallVector<DimensionRole> roles;
  if (perHead)
    roles.push_back(DimensionRole::head);
  roles.push_back(DimensionRole::distance);
  SmallVector<Attribute> all(op.getRoles().begin(), op.getRoles().end());
  all.push_back(AuxiliaryAttr::get(op.getContext(), roles, before));
  op.getAuxiliariesMutable().append(table);
  op.setRolesAttr(rewriter.getArrayAttr(all));
  Value read = block.addArgument(entry.getType(), loc);
  rewriter.setInsertionPoint(root);
  if (factor) {
    rewriter.modifyOpInPlace(root, [&] {
      root->setOperand(
          1, arith::MulFOp::create(rewriter, loc, factor, read).getResult());
    });
    return;
  }
  Value query = block.getArgument(3), key = block.getArgument(4);
  Value score = root->getOperand(0);
  Operation *named =
      isa<arith::MulFOp>(root)
          ? DistanceFactorOp::create(rewriter, loc, score.getType(), score,
                                     read, query, key, before, after)
                .getOperation()
          : DistanceBiasOp::create(rewriter, loc, score.getType(), score, read,
                                   query, key, before, after)
                .getOperation();
  rewriter.replaceOp(root, named->getResults());
}

/// An entry for every distance between a query and a key.
void Tabulation::spread() {
  SmallVector<OpFoldResult> origin = op.getMixedOrigin();
  auto sizeOf = [&](Value operand, Layout layout) {
    return toIndex(
        tensor::getMixedSize(rewriter, loc, operand, getSequenceDim(layout)));
  };
  Value one = arith::ConstantIndexOp::create(rewriter, loc, 1);
  Value queries = sizeOf(op.getQueries()[0], op.getQueryLayout());
  Value keys = sizeOf(op.getValue(), op.getValueLayout());
  // From the last query's first key: i0 + queries - 1 - j0 before 0.
  Value offset = arith::SubIOp::create(
      rewriter, loc,
      arith::AddIOp::create(rewriter, loc, toIndex(origin[2]), queries),
      arith::AddIOp::create(rewriter, loc, toIndex(origin[3]), one));
  Value count = arith::SubIOp::create(
      rewriter, loc, arith::AddIOp::create(rewriter, loc, queries, keys), one);
  count = arith::MaxSIOp::create(rewriter, loc, count, one);
  IntegerAttr fixed;
  OpFoldResult entries = count;
  if (matchPattern(queries, m_Constant(&fixed)) &&
      matchPattern(keys, m_Constant(&fixed)))
    entries = rewriter.getIndexAttr(
        std::max<int64_t>(1, *getConstantIntValue(OpFoldResult(queries)) +
                                 *getConstantIntValue(OpFoldResult(keys)) - 1));
  Value table;
  if (isSymmetric()) {
    // Half of them are computed: from 0 to the farther end, or as many as there
    // are where all lie on one side.
    Value zero = arith::ConstantIndexOp::create(rewriter, loc, 0);
    auto sub = [&](Value lhs, Value rhs) -> Value {
      return arith::SubIOp::create(rewriter, loc, lhs, rhs);
    };
    auto max = [&](Value lhs, Value rhs) -> Value {
      return arith::MaxSIOp::create(rewriter, loc, lhs, rhs);
    };
    Value behind = sub(sub(toIndex(entries), one), offset);
    Value nearest = max(zero, max(sub(zero, behind), sub(zero, offset)));
    Value size = sub(max(offset, behind), nearest);
    size = arith::AddIOp::create(rewriter, loc, size, one);
    table = mirror(buildTable(sub(zero, nearest), size, false), nearest, offset,
                   entries);
  } else {
    table = buildTable(offset, entries, false);
  }
  Value firstHead = toIndex(origin[1]);

  rewriter.setInsertionPoint(root);
  Value at = arith::AddIOp::create(rewriter, loc,
                                   arith::SubIOp::create(rewriter, loc,
                                                         block.getArgument(4),
                                                         block.getArgument(3)),
                                   offset);
  SmallVector<Value> indices{at};
  if (perHead)
    indices.insert(
        indices.begin(),
        arith::SubIOp::create(rewriter, loc, block.getArgument(2), firstHead));
  Value read = tensor::ExtractOp::create(rewriter, loc, table, indices);
  if (factor)
    read = arith::MulFOp::create(rewriter, loc, factor, read);
  rewriter.modifyOpInPlace(root, [&] { root->setOperand(1, read); });
}

std::string Tabulation::run() {
  std::string reason = analyze();
  if (!root)
    return reason;
  bool ragged = llvm::any_of(op.getMixedOrigin(), [](OpFoldResult start) {
    auto value = dyn_cast<Value>(start);
    return value && !value.getType().isIndex();
  });
  // Each end by itself first: of far ones the sum overflows.
  bool ends = summary.before && summary.after && *summary.before <= 0 &&
              *summary.after >= 0 && *summary.before > -largestSaturating &&
              *summary.after < largestSaturating &&
              *summary.after - *summary.before < largestSaturating;
  if (!ends && ragged) {
    root = nullptr;
    return "batch entries start at positions of their own, and it does not "
           "saturate within a table";
  }
  rewriter.replaceOp(term, replacement);
  rewriter.setInsertionPoint(op);
  if (ends)
    saturate();
  else
    spread();
  return "";
}

namespace {
struct TabulateDistances
    : public sextant::impl::TabulateDistancesBase<TabulateDistances> {
  void runOnOperation() override;
};
} // namespace

/// Ops of the region that nothing reads.
static void eraseUnused(IRRewriter &rewriter, Block &block) {
  for (Operation &inner : llvm::make_early_inc_range(llvm::reverse(block)))
    if (isOpTriviallyDead(&inner))
      rewriter.eraseOp(&inner);
}

void TabulateDistances::runOnOperation() {
  SmallVector<AttentionOp> found;
  getOperation()->walk([&](AttentionOp op) {
    if (!op.getScore().empty())
      found.push_back(op);
  });
  IRRewriter rewriter(&getContext());
  for (AttentionOp op : found) {
    Block &block = op.getScore().front();
    SmallVector<PositionTermOpInterface> terms(
        block.getOps<PositionTermOpInterface>());
    for (PositionTermOpInterface term : terms) {
      TermSummary summary = term.getSummary();
      if (summary.positions != TermPositions::distance ||
          summary.action == TermAction::hide ||
          isa<DistanceBiasOp, DistanceFactorOp>(term))
        continue;
      StringRef name = term->getName().getStringRef();
      Location loc = term.getLoc();
      auto options = remark::RemarkOpts::name("table").category(getArgument());
      Tabulation tabulation(rewriter, op, term);
      std::string reason = tabulation.run();
      if (!reason.empty())
        remark::missed(loc, options) << remark::reason(
            "'{0}' computed for each score: {1}", name, reason);
      else if (tabulation.isTable())
        remark::passed(loc, options)
            << remark::add("'{0}' computed once a distance", name);
      eraseUnused(rewriter, block);
    }
  }
}
