//===- WidenAngles.cpp - angles of positions in double --------------------===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Goes back from every f32 cosine and sine, through whatever moves elements,
// multiplies and adds, to where integers became f32. If there is such a place,
// what lies between is computed in f64. It knows nothing of rotations: what
// raising takes for one, and what it does not, get the same angles.
//
//===----------------------------------------------------------------------===//

#include "GeometricBase.h"

#include "sextant/Sextant/Analysis/ElementValue.h"
#include "sextant/Sextant/Transforms/Passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/Iterators.h"
#include "mlir/IR/Remarks.h"

namespace mlir::sextant {
#define GEN_PASS_DEF_WIDENANGLES
#include "sextant/Sextant/Transforms/Passes.h.inc"
} // namespace mlir::sextant

using namespace mlir;
using namespace mlir::sextant;

static remark::RemarkOpts getOptions(StringRef name) {
  return remark::RemarkOpts::name(name).category("sextant-widen-angles");
}

static bool isSingle(Value value) {
  return getElementTypeOrSelf(value.getType()).isF32();
}

/// Scalar ops that an angle is made by. A power or an exponential of integers
/// is a frequency, which keeps the f32 value that the graph gives it.
static bool isArithmetic(Operation *op) {
  return isa<arith::MulFOp, arith::AddFOp, arith::SubFOp, arith::DivFOp,
             arith::NegFOp, arith::SelectOp>(op);
}

static bool isCosineOrSine(Operation *op) {
  return isa<math::CosOp, math::SinOp>(op) &&
         op->getResult(0).getType().isF32();
}

/// A linalg op whose body can be written again with further operands.
static linalg::LinalgOp getRewritable(Operation *op) {
  auto linalgOp = dyn_cast_or_null<linalg::LinalgOp>(op);
  return linalgOp && linalgOp.hasPureTensorSemantics() && linalgOp.getBlock() &&
                 linalgOp.getBlock()->getNumArguments() == op->getNumOperands()
             ? linalgOp
             : nullptr;
}

static bool movesElements(Operation *op) {
  return isa<tensor::ExpandShapeOp, tensor::CollapseShapeOp,
             tensor::ExtractSliceOp, tensor::CastOp, tensor::ReshapeOp,
             tensor::ConcatOp>(op);
}

namespace {

class Widener {
public:
  explicit Widener(MLIRContext *context)
      : f64(Float64Type::get(context)), builder(context) {}

  /// Rewrites an op in whose body there is a cosine or sine of an angle of
  /// positions; null if there is none.
  linalg::GenericOp rewriteCosines(linalg::LinalgOp op);

private:
  /// Whether an f32 tensor, or scalar of a body of `op`, is computed from
  /// integers by arithmetic.
  bool comesFromIntegers(Value value);
  bool decide(Value value);

  /// The f64 tensor that an f32 one is the rounding of.
  Value widen(Value tensor);
  Value extend(Value tensor);
  /// The f64 tensor whose rounding is an f32 one that has powers of a base
  /// along a dimension; null if it is none.
  Value findPowers(Value tensor);
  Value buildPowers(Value tensor);
  linalg::GenericOp rewrite(linalg::LinalgOp op, bool wideResult);
  Value widenInBody(Value value, IRMapping &narrow, IRMapping &wide);

  Type f64;
  OpBuilder builder;
  llvm::DenseMap<Value, bool> known;
  llvm::DenseMap<Value, Value> widened, powers;
};

struct WidenAngles final : public sextant::impl::WidenAnglesBase<WidenAngles> {
  void runOnOperation() override {
    SmallVector<linalg::LinalgOp> roots;
    getOperation()->walk([&](linalg::LinalgOp op) {
      if (getRewritable(op) &&
          llvm::any_of(*op.getBlock(),
                       [](Operation &inner) { return isCosineOrSine(&inner); }))
        roots.push_back(op);
    });
    Widener widener(&getContext());
    // Nothing is erased before the end: the widener remembers by value.
    for (linalg::LinalgOp op : roots)
      if (linalg::GenericOp exact = widener.rewriteCosines(op)) {
        remark::passed(op.getLoc(), getOptions("Widened")) << remark::add(
            "angles of integer positions computed in f64, and rounded once");
        op->replaceAllUsesWith(exact);
      }
    getOperation()->walk<WalkOrder::PostOrder, ReverseIterator>(
        [&](Operation *op) {
          if (op != getOperation() && isOpTriviallyDead(op))
            op->erase();
        });
  }
};

} // namespace

bool Widener::comesFromIntegers(Value value) {
  if (auto found = known.find(value); found != known.end())
    return found->second;
  // A value is never computed from itself; recursion ends at arguments.
  bool result = decide(value);
  known[value] = result;
  return result;
}

bool Widener::decide(Value value) {
  if (!isSingle(value))
    return false;
  auto any = [&](ValueRange values) {
    return llvm::any_of(values, [&](Value v) { return comesFromIntegers(v); });
  };
  if (auto argument = dyn_cast<BlockArgument>(value)) {
    linalg::LinalgOp op = getRewritable(argument.getOwner()->getParentOp());
    return op && comesFromIntegers(op->getOperand(argument.getArgNumber()));
  }
  Operation *op = value.getDefiningOp();
  if (isa<arith::SIToFPOp, arith::UIToFPOp>(op))
    return true;
  if (isArithmetic(op) || movesElements(op))
    return any(op->getOperands());
  if (auto extract = dyn_cast<tensor::ExtractOp>(op))
    return comesFromIntegers(extract.getTensor());
  linalg::LinalgOp linalgOp = getRewritable(op);
  return linalgOp && op->getNumResults() == 1 &&
         comesFromIntegers(linalgOp.getBlock()->getTerminator()->getOperand(0));
}

Value Widener::extend(Value tensor) {
  Location loc = tensor.getLoc();
  auto type = cast<RankedTensorType>(tensor.getType());
  AffineMap identity = builder.getMultiDimIdentityMap(type.getRank());
  Value init = tensor::EmptyOp::create(
      builder, loc, tensor::getMixedSizes(builder, loc, tensor), f64);
  return linalg::GenericOp::create(
             builder, loc, init.getType(), tensor, init,
             ArrayRef<AffineMap>{identity, identity},
             SmallVector<utils::IteratorType>(type.getRank(),
                                              utils::IteratorType::parallel),
             [&](OpBuilder &body, Location at, ValueRange arguments) {
               linalg::YieldOp::create(
                   body, at,
                   arith::ExtFOp::create(body, at, f64, arguments[0])
                       .getResult());
             })
      .getResult(0);
}

/// The entries of a tensor along `dim`, if they are constants whatever the
/// other coordinates are, and might be powers of a base.
static SmallVector<double> readEntries(Value tensor, unsigned dim) {
  ElementContext context(tensor.getContext());
  ElementValue values(context);
  auto type = cast<RankedTensorType>(tensor.getType());
  SmallVector<Element> place;
  for (auto [other, size] : llvm::enumerate(type.getShape()))
    place.push_back(other == dim || size == 1
                        ? context.integer(0)
                        : context.coordinate(values.size(tensor, other)));
  SmallVector<double> entries;
  if (llvm::is_contained(place, nullptr))
    return entries;
  for (int64_t entry = 0; entry < type.getDimSize(dim); ++entry) {
    place[dim] = context.integer(entry);
    Element value = values.element(tensor, place);
    std::optional<APFloat> number;
    if (value)
      number = ElementContext::getFloat(value);
    if (!number || (entry == 0 && !number->isExactlyValue(1.0)))
      return {};
    entries.push_back(number->convertToDouble());
  }
  return entries;
}

Value Widener::buildPowers(Value tensor) {
  // As many planes as no head has.
  constexpr int64_t most = 4096;
  auto type = dyn_cast<RankedTensorType>(tensor.getType());
  if (!type || !isSingle(tensor))
    return {};
  for (int64_t dim = 0; dim < type.getRank(); ++dim) {
    int64_t size = type.getDimSize(dim);
    if (ShapedType::isDynamic(size) || size < 2 || size > most)
      continue;
    std::optional<SmallVector<double>> exact =
        findGeometricEntries(readEntries(tensor, dim));
    if (!exact)
      continue;
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPointAfterValue(tensor);
    Location loc = tensor.getLoc();
    auto list = RankedTensorType::get(size, f64);
    Value entries = arith::ConstantOp::create(
        builder, loc, DenseElementsAttr::get(list, ArrayRef<double>(*exact)));
    Value init = tensor::EmptyOp::create(
        builder, loc, tensor::getMixedSizes(builder, loc, tensor), f64);
    MLIRContext *context = builder.getContext();
    AffineMap along =
        AffineMap::get(type.getRank(), 0, getAffineDimExpr(dim, context));
    AffineMap all = builder.getMultiDimIdentityMap(type.getRank());
    return linalg::GenericOp::create(
               builder, loc, init.getType(), entries, init,
               ArrayRef<AffineMap>{along, all},
               SmallVector<utils::IteratorType>(type.getRank(),
                                                utils::IteratorType::parallel),
               [](OpBuilder &body, Location at, ValueRange arguments) {
                 linalg::YieldOp::create(body, at, arguments[0]);
               })
        .getResult(0);
  }
  return {};
}

Value Widener::findPowers(Value tensor) {
  if (auto found = powers.find(tensor); found != powers.end())
    return found->second;
  return powers[tensor] = buildPowers(tensor);
}

Value Widener::widen(Value tensor) {
  if (auto found = widened.find(tensor); found != widened.end())
    return found->second;
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointAfterValue(tensor);
  Operation *op = tensor.getDefiningOp();
  Value result;
  if (!comesFromIntegers(tensor)) {
    result = findPowers(tensor);
    if (!result)
      result = extend(tensor);
  } else if (movesElements(op)) {
    SmallVector<Value> operands;
    for (Value operand : op->getOperands())
      operands.push_back(isSingle(operand) ? widen(operand) : operand);
    builder.setInsertionPointAfter(op);
    Operation *exact = builder.clone(*op);
    exact->setOperands(operands);
    exact->getResult(0).setType(
        cast<RankedTensorType>(tensor.getType()).clone(f64));
    result = exact->getResult(0);
  } else {
    result =
        rewrite(cast<linalg::LinalgOp>(op), /*wideResult=*/true).getResult(0);
  }
  return widened[tensor] = result;
}

/// The f64 scalar that an f32 one of a body is the rounding of. `narrow` maps
/// what the body has to its copy, `wide` to such scalars.
Value Widener::widenInBody(Value value, IRMapping &narrow, IRMapping &wide) {
  if (Value found = wide.lookupOrNull(value))
    return found;
  Operation *op = value.getDefiningOp();
  Location loc = value.getLoc();
  Value result;
  auto lookUp = dyn_cast_or_null<tensor::ExtractOp>(op);
  bool isPower = lookUp && findPowers(lookUp.getTensor());
  if (!comesFromIntegers(value) && !isPower) {
    result =
        arith::ExtFOp::create(builder, loc, f64, narrow.lookupOrDefault(value));
  } else if (lookUp) {
    SmallVector<Value> indices;
    for (Value index : lookUp.getIndices())
      indices.push_back(narrow.lookupOrDefault(index));
    result = tensor::ExtractOp::create(builder, loc, widen(lookUp.getTensor()),
                                       indices);
  } else {
    // A conversion or arithmetic.
    IRMapping operands;
    for (Value operand : op->getOperands())
      operands.map(operand, isSingle(operand)
                                ? widenInBody(operand, narrow, wide)
                                : narrow.lookupOrDefault(operand));
    Operation *exact = builder.clone(*op, operands);
    exact->getResult(0).setType(f64);
    result = exact->getResult(0);
  }
  wide.map(value, result);
  return result;
}

linalg::GenericOp Widener::rewrite(linalg::LinalgOp op, bool wideResult) {
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPoint(op);
  SmallVector<Value> inputs, inits;
  SmallVector<AffineMap> maps;
  // Position in `inputs` of the exact form of an argument of the body.
  SmallVector<std::pair<Value, unsigned>> exact;
  for (OpOperand *operand : op.getDpsInputOperands()) {
    inputs.push_back(operand->get());
    maps.push_back(op.getMatchingIndexingMap(operand));
  }
  for (OpOperand *operand : op.getDpsInputOperands())
    if (isa<RankedTensorType>(operand->get().getType()) &&
        (comesFromIntegers(operand->get()) || findPowers(operand->get()))) {
      exact.push_back({op.getMatchingBlockArgument(operand), inputs.size()});
      inputs.push_back(widen(operand->get()));
      maps.push_back(op.getMatchingIndexingMap(operand));
    }
  for (OpOperand &operand : op.getDpsInitsMutable()) {
    if (!wideResult)
      inits.push_back(operand.get());
    else if (op.payloadUsesValueFromOperand(&operand))
      inits.push_back(widen(operand.get()));
    else
      inits.push_back(tensor::EmptyOp::create(
          builder, op.getLoc(),
          tensor::getMixedSizes(builder, op.getLoc(), operand.get()), f64));
    maps.push_back(op.getMatchingIndexingMap(&operand));
  }
  builder.setInsertionPoint(op);
  return linalg::GenericOp::create(
      builder, op.getLoc(), TypeRange(inits), inputs, inits, maps,
      op.getIteratorTypesArray(),
      [&](OpBuilder &, Location, ValueRange arguments) {
        OpBuilder::InsertionGuard inside(builder);
        builder.setInsertionPointToEnd(arguments.front().getParentBlock());
        Block *block = op.getBlock();
        IRMapping narrow, wide;
        unsigned first = arguments.size() - inits.size();
        for (auto [k, operand] : llvm::enumerate(op.getDpsInputOperands()))
          narrow.map(op.getMatchingBlockArgument(operand), arguments[k]);
        for (auto [k, operand] : llvm::enumerate(op.getDpsInitsMutable())) {
          Value argument = op.getMatchingBlockArgument(&operand);
          (wideResult ? wide : narrow).map(argument, arguments[first + k]);
          if (wideResult)
            narrow.map(argument, arith::TruncFOp::create(builder, op.getLoc(),
                                                         argument.getType(),
                                                         arguments[first + k]));
        }
        for (auto [argument, k] : exact)
          wide.map(argument, arguments[k]);
        for (Operation &inner : block->without_terminator()) {
          if (!isCosineOrSine(&inner) ||
              !comesFromIntegers(inner.getOperand(0))) {
            builder.clone(inner, narrow);
            continue;
          }
          Value angle = widenInBody(inner.getOperand(0), narrow, wide);
          Operation *turned = builder.clone(inner, narrow);
          turned->setOperand(0, angle);
          turned->getResult(0).setType(f64);
          // Fast math as for tables of a schedule: what is rounded to f32 has
          // no need of the last bits.
          turned->setAttr("fastmath",
                          arith::FastMathFlagsAttr::get(
                              builder.getContext(), arith::FastMathFlags::afn));
          narrow.map(inner.getResult(0),
                     arith::TruncFOp::create(builder, inner.getLoc(),
                                             inner.getResult(0).getType(),
                                             turned->getResult(0))
                         .getResult());
        }
        SmallVector<Value> results;
        for (Value result : block->getTerminator()->getOperands())
          results.push_back(wideResult ? widenInBody(result, narrow, wide)
                                       : narrow.lookupOrDefault(result));
        linalg::YieldOp::create(builder, op.getLoc(), results);
      });
}

linalg::GenericOp Widener::rewriteCosines(linalg::LinalgOp op) {
  for (Operation &inner : *op.getBlock())
    if (isCosineOrSine(&inner) && comesFromIntegers(inner.getOperand(0)))
      return rewrite(op, /*wideResult=*/false);
  return nullptr;
}
