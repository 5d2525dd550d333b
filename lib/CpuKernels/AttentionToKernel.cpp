//===- AttentionToKernel.cpp - attention to the fused CPU kernel ----------===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "FireToPiecewise.h"
#include "ReadLookups.h"
#include "ScoreVectorizer.h"

#include "sextant/CpuKernels/CpuKernels.h"
#include "sextant/CpuKernels/Passes.h"
#include "sextant/Sextant/IR/RotateTables.h"
#include "sextant/Sextant/IR/Sextant.h"

#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/ControlFlow/IR/ControlFlow.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/PatternMatch.h"
#include "mlir/IR/Remarks.h"
#include "mlir/Transforms/RegionUtils.h"

namespace mlir::sextant {
#define GEN_PASS_DEF_ATTENTIONTOKERNEL
#include "sextant/CpuKernels/Passes.h.inc"
} // namespace mlir::sextant

using namespace mlir;
using namespace mlir::sextant;

namespace {
struct AttentionToKernel
    : public sextant::impl::AttentionToKernelBase<AttentionToKernel> {
  using AttentionToKernelBase::AttentionToKernelBase;

  void runOnOperation() override;
};
} // namespace

/// Every element of `tensor` through `op`, which makes a `type` of it.
static Value
buildElementwise(OpBuilder &b, Location loc, Value tensor, Type type,
                 function_ref<Value(OpBuilder &, Location, Value)> op) {
  auto shaped = cast<RankedTensorType>(tensor.getType());
  Value empty = tensor::EmptyOp::create(
      b, loc, tensor::getMixedSizes(b, loc, tensor), type);
  AffineMap map = b.getMultiDimIdentityMap(shaped.getRank());
  SmallVector<utils::IteratorType> loops(shaped.getRank(),
                                         utils::IteratorType::parallel);
  return linalg::GenericOp::create(
             b, loc, empty.getType(), tensor, empty, ArrayRef{map, map}, loops,
             [&](OpBuilder &b, Location loc, ValueRange args) {
               linalg::YieldOp::create(b, loc, op(b, loc, args[0]));
             })
      .getResult(0);
}

static bool hasKeyRole(AuxiliaryAttr roles) {
  return llvm::is_contained(roles.getRoles(), DimensionRole::key);
}

/// Whether the queries are no more than a chunk: few rows, however many keys.
static bool hasFewRows(AttentionOp op) {
  constexpr int64_t few = 256;
  Value query = op.getQueries()[0];
  unsigned dim = getSequenceDim(op.getQueryLayout());
  int64_t rows = cast<ShapedType>(query.getType()).getDimSize(dim);
  if (!ShapedType::isDynamic(rows))
    return rows <= few;
  auto slice = query.getDefiningOp<tensor::ExtractSliceOp>();
  if (!slice)
    return false;
  auto size = dyn_cast<Value>(slice.getMixedSizes()[dim]);
  auto least = size ? size.getDefiningOp<affine::AffineMinOp>() : nullptr;
  return least &&
         llvm::any_of(least.getMap().getResults(), [](AffineExpr expr) {
           auto constant = dyn_cast<AffineConstantExpr>(expr);
           return constant && constant.getValue() <= few;
         });
}

static bool hasSequences(AttentionOp op) {
  return op.getQueryLengths() || op.getKeyLengths();
}

/// Why sequences that lie end to end are better computed one by one, or
/// nothing.
static std::string whyOneByOne(AttentionOp op) {
  // Their positions in the operand as a whole are not those in their sequence.
  for (Attribute attribute : op.getRoles()) {
    auto roles = cast<AuxiliaryAttr>(attribute);
    bool isRow =
        roles.getNumFree() && roles.getNumFree() != roles.getRoles().size();
    if (isRow || roles.readsLabels())
      return "expects no rows and labels over sequences that lie end to end";
  }
  if (!op.getScore().front().getOps<FireOp>().empty())
    return "expects no functions by lines over sequences that lie end to end";
  return "";
}

/// Why the kernel cannot have this attention, or nothing.
static std::string whyNot(AttentionOp op) {
  if (hasSequences(op))
    if (std::string reason = whyOneByOne(op); !reason.empty())
      return reason;
  int64_t heads = cast<ShapedType>(op.getQueries()[0].getType())
                      .getDimSize(getHeadDim(op.getQueryLayout()));
  int64_t group = heads / cast<ShapedType>(op.getKeys()[0].getType())
                              .getDimSize(getHeadDim(op.getKeyLayout()));
  for (auto [table, attribute] :
       llvm::zip(op.getModulations(), op.getModulationRoles())) {
    auto roles = cast<AuxiliaryAttr>(attribute);
    auto type = cast<ShapedType>(table.getType());
    int64_t tables = 1;
    for (auto [dim, role] : llvm::enumerate(roles.getRoles())) {
      if (role == DimensionRole::query || role == DimensionRole::key)
        return "expects products weighted by distance";
      if (role == DimensionRole::head && type.getDimSize(dim) != 1)
        tables = group;
    }
    if (!roles.getEntryDim() || type.isDynamicDim(*roles.getEntryDim()))
      return "expects a table of static size to weight products";
    // Its transposed copy lies on the stack, for all query heads of a group.
    if (tables * type.getDimSize(*roles.getEntryDim()) *
            type.getShape().back() >
        65536)
      return "expects a table of at most 65536 elements to weight products";
  }
  auto readsLabels = [](Attribute roles) {
    return cast<AuxiliaryAttr>(roles).readsLabels();
  };
  if (llvm::any_of(op.getModulationRoles(), readsLabels))
    return "expects no products weighted by label";
  // As long as the keys, such rows are a score matrix of their own; tiles of
  // queries compute them where they need them.
  int64_t keys = cast<ShapedType>(op.getKeys()[0].getType())
                     .getDimSize(getSequenceDim(op.getKeyLayout()));
  for (auto [operand, attribute] :
       llvm::zip(op.getAuxiliaries(), op.getRoles())) {
    auto roles = cast<AuxiliaryAttr>(attribute);
    std::optional<unsigned> dim = roles.getEntryDim();
    if (!dim || !operand.getDefiningOp<linalg::LinalgOp>() ||
        !llvm::is_contained(roles.getRoles(), DimensionRole::query) ||
        hasFewRows(op))
      continue;
    int64_t entries = cast<ShapedType>(operand.getType()).getDimSize(*dim);
    if (ShapedType::isDynamic(entries) ||
        (!ShapedType::isDynamic(keys) && entries >= keys))
      return "expects products of queries with fewer vectors than keys";
  }
  for (unsigned number = 0; number < op.getRoles().size(); ++number)
    if (std::string reason = whyNotRead(op, number); !reason.empty())
      return reason;
  if (op.getQueries().size() != 1)
    return "expects one pair of query and key, but got " +
           std::to_string(op.getQueries().size());
  for (Value operand : std::initializer_list<Value>{
           op.getQueries()[0], op.getKeys()[0], op.getValue()}) {
    auto type = cast<RankedTensorType>(operand.getType());
    if (type.getElementType().isF64())
      return "expects operands of at most 32 bits, but got f64";
    if (ShapedType::isDynamic(type.getShape().back()))
      return "expects static head sizes";
  }
  int64_t kHeads = cast<ShapedType>(op.getKeys()[0].getType())
                       .getDimSize(getHeadDim(op.getKeyLayout()));
  int64_t vHeads = cast<ShapedType>(op.getValue().getType())
                       .getDimSize(getHeadDim(op.getValueLayout()));
  if (kHeads != vHeads)
    return "expects as many heads of the value as of the key";
  Block &score = op.getScore().front();
  if (!score.getArgument(0).getType().isF32())
    return "expects scores in f32";
  SetVector<Value> captured;
  getUsedValuesDefinedAbove(op.getScore(), captured);
  for (Value value : captured)
    if (!value.getType().isIntOrIndexOrFloat() &&
        !isa<RankedTensorType>(value.getType()))
      return "expects scalars and tables from outside of the region";
  for (Operation &inner : score.without_terminator())
    if (!isa<tensor::ExtractOp>(inner))
      for (Value operand : inner.getOperands())
        if (isa<TensorType>(operand.getType()) &&
            !isa<PositionTermOpInterface>(inner))
          return "expects tables that are only read by tensor.extract";
  return "";
}

/// The score region for the kernel: tables are memrefs, captures arguments.
static void buildScore(OpBuilder &b, AttentionOp op, cpu::AttentionOp kernel,
                       ArrayRef<Value> captures) {
  Block &old = op.getScore().front();
  Location loc = op.getLoc();
  Block *block = b.createBlock(&kernel.getScore());
  IRMapping mapping;
  auto addArgument = [&](Type type) { return block->addArgument(type, loc); };
  for (BlockArgument argument : old.getArguments().take_front(5))
    mapping.map(argument, addArgument(argument.getType()));
  b.setInsertionPointToStart(block);
  auto tableType = [](Type type) -> Type {
    auto tensor = cast<RankedTensorType>(type);
    return MemRefType::get(tensor.getShape(), tensor.getElementType());
  };
  size_t own = op.getAuxiliaries().size();
  for (auto [i, operand] : llvm::enumerate(kernel.getAuxiliaries())) {
    auto roles = cast<AuxiliaryAttr>(kernel.getRoles()[i]);
    Type element = getElementTypeOrSelf(operand.getType());
    Value argument = addArgument(
        roles.getNumFree() ? tableType(operand.getType()) : element);
    if (i >= own) {
      mapping.map(operand, argument); // A table from outside of the region.
      continue;
    }
    BlockArgument former = old.getArgument(5 + i);
    // A mask of bytes again becomes one of bits.
    if (former.getType().isInteger(1) && element.isInteger(8))
      argument = arith::TruncIOp::create(b, loc, b.getI1Type(), argument);
    mapping.map(former, argument);
  }
  for (Value capture : captures)
    mapping.map(capture, addArgument(capture.getType()));
  for (Operation &inner : old.without_terminator()) {
    auto extract = dyn_cast<tensor::ExtractOp>(inner);
    if (!extract) {
      b.clone(inner, mapping);
      continue;
    }
    SmallVector<Value> indices;
    for (Value index : extract.getIndices())
      indices.push_back(mapping.lookup(index));
    mapping.map(extract.getResult(),
                memref::LoadOp::create(
                    b, loc, mapping.lookup(extract.getTensor()), indices)
                    .getResult());
  }
  cpu::YieldOp::create(b, loc,
                       mapping.lookup(old.getTerminator()->getOperand(0)));
}

/// What `operand`, rows end to end, is but for a batch of one in front; null if
/// it is nothing of the kind, or others than `op` read it.
static Value findBatchOfOne(AttentionOp op, Value operand, Layout layout) {
  auto view = operand.getDefiningOp<tensor::CollapseShapeOp>();
  if (layout != Layout::thd || !view || view.getSrcType().getRank() != 4 ||
      view.getSrcType().getDimSize(0) != 1)
    return nullptr;
  for (OpOperand &use : operand.getUses())
    if (!isa<tensor::DimOp>(use.getOwner()) &&
        (use.getOwner() != op || operand == op.getValue()))
      return nullptr;
  return view.getReassociationIndices().front().size() == 2 ? view.getSrc()
                                                            : Value();
}

/// The rotation that `operand` is, or that a few ops of linalg, like those of a
/// norm, make it of.
static RotateOp findRotation(Value operand) {
  SetVector<Value> visited;
  visited.insert(operand);
  for (unsigned next = 0; next < std::min<size_t>(visited.size(), 32); ++next) {
    Operation *source = visited[next].getDefiningOp();
    if (auto rotate = dyn_cast_if_present<RotateOp>(source))
      return rotate;
    // What was projected since is another vector.
    auto made = dyn_cast_if_present<linalg::LinalgOp>(source);
    if (made && !linalg::isaContractionOpInterface(made))
      visited.insert(source->operand_begin(), source->operand_end());
  }
  return nullptr;
}

/// Why the kernel cannot do the rotation on the way to `operand`, or nothing:
/// it is to be by tables of its rows, in whole vectors, for nobody else.
static std::string whyApart(RotateOp rotate, Value operand, AttentionOp op,
                            Layout layout) {
  if (rotate.getResult() != operand)
    return ("it cannot be merged across '" +
            operand.getDefiningOp()->getName().getStringRef() +
            "', through which its result goes")
        .str();
  if (!operand.hasOneUse())
    return "its result is also used elsewhere";
  if (!hasRowTables(rotate))
    return "its cosines and sines are no rows of tables";
  if (rotate.getLayout() != layout ||
      rotate.getSource().getType() != operand.getType())
    return "it has another layout than the attention";
  if (rotate.getInverse() || rotate.getOutputPairs() != rotate.getPairs())
    return "it is an inverse one, or changes the order of its pairs";
  if (rotate.getNumPlanes() % 16 != 0)
    return "expects a multiple of 16 planes, but got " +
           std::to_string(rotate.getNumPlanes());
  for (Value table : {rotate.getCosine(), rotate.getSine()})
    if (!getElementTypeOrSelf(table.getType()).isF32())
      return "expects tables of f32";
  if (!op.getModulations().empty() || op.getValueTable())
    return "vectors by distance take part in the attention";
  return "";
}

static void rewrite(RewriterBase &b, AttentionOp op) {
  Location loc = op.getLoc();
  std::optional<unsigned> valueLabels = readLookups(b, op);
  drawFireAsLines(b, op);
  b.setInsertionPoint(op);
  SmallVector<Value> auxiliaries, captures, constants;
  SmallVector<Attribute> roles(op.getRoles().begin(), op.getRoles().end());
  for (auto [operand, attribute] :
       llvm::zip(op.getAuxiliaries(), op.getRoles())) {
    Value value = operand;
    // A vector of bits lies in memory otherwise than a row of them.
    if (getElementTypeOrSelf(operand.getType()).isInteger(1) &&
        hasKeyRole(cast<AuxiliaryAttr>(attribute)))
      value = buildElementwise(
          b, loc, value, b.getI8Type(),
          [](OpBuilder &b, Location loc, Value x) -> Value {
            return arith::ExtUIOp::create(b, loc, b.getI8Type(), x);
          });
    auxiliaries.push_back(value);
  }
  {
    // Constants move in; scalars and tables become operands.
    SetVector<Value> captured;
    getUsedValuesDefinedAbove(op.getScore(), captured);
    for (Value value : captured) {
      Operation *source = value.getDefiningOp();
      if (auto type = dyn_cast<RankedTensorType>(value.getType())) {
        SmallVector<DimensionRole> free(type.getRank(), DimensionRole::free);
        auxiliaries.push_back(value);
        roles.push_back(AuxiliaryAttr::get(b.getContext(), free, 0));
      } else if (source && source->hasTrait<OpTrait::ConstantLike>()) {
        OpBuilder inside = OpBuilder::atBlockBegin(&op.getScore().front());
        Operation *copy = inside.clone(*source);
        value.replaceUsesWithIf(copy->getResult(0), [&](OpOperand &use) {
          return op.getScore().isAncestor(use.getOwner()->getParentRegion());
        });
      } else {
        captures.push_back(value);
      }
    }
  }
  Value query = op.getQueries()[0], key = op.getKeys()[0];
  Value value = op.getValue();
  auto turn = [&](StringRef name, Value &operand, Layout layout, Value &cosine,
                  Value &sine, DenseI64ArrayAttr &rotation) {
    Value batch = findBatchOfOne(op, operand, layout);
    Value turned = batch ? batch : operand;
    RotateOp rotate = findRotation(turned);
    if (!rotate)
      return;
    if (std::string reason =
            whyApart(rotate, turned, op, batch ? Layout::bshd : layout);
        !reason.empty()) {
      remark::missed(rotate.getLoc(),
                     remark::RemarkOpts::name("rotation")
                         .category("sextant-attention-to-kernel"))
          << remark::reason("rotation of the {0} done apart: {1}", name,
                            reason);
      return;
    }
    operand = rotate.getSource();
    if (batch)
      operand = tensor::CollapseShapeOp::create(
          b, loc, operand, SmallVector<ReassociationIndices>{{0, 1}, {2}, {3}});
    cosine = rotate.getCosine();
    sine = rotate.getSine();
    rotation = b.getDenseI64ArrayAttr({int64_t(rotate.getPairs()),
                                       rotate.getFirstRotated(),
                                       rotate.getNumRotated()});
  };
  Value queryCosine, querySine, keyCosine, keySine;
  DenseI64ArrayAttr queryRotation, keyRotation;
  turn("query", query, op.getQueryLayout(), queryCosine, querySine,
       queryRotation);
  turn("key", key, op.getKeyLayout(), keyCosine, keySine, keyRotation);
  if (hasSequences(op)) {
    // Of what is read now, or a rotation would only be there to be measured.
    op.getQueriesMutable().assign(query);
    op.getKeysMutable().assign(key);
    checkSequences(b, op);
  }
  ReifiedRankedShapedTypeDims shapes;
  (void)op.reifyResultShapes(b, shapes);
  SmallVector<Value> inits;
  for (auto [shape, result] : llvm::zip(shapes, op->getResults()))
    inits.push_back(tensor::EmptyOp::create(
        b, loc, shape, getElementTypeOrSelf(result.getType())));
  SmallVector<Type> types;
  for (Value init : inits)
    types.push_back(init.getType());
  auto kernel = cpu::AttentionOp::create(
      b, loc, types, query, key, value, auxiliaries, op.getOrigin(), captures,
      op.getSink(),
      op.getModulations().empty() ? Value() : op.getModulations()[0],
      op.getValueTable(), inits[0], inits.size() > 1 ? inits[1] : Value(),
      queryCosine, querySine, keyCosine, keySine, op.getQueryLengths(),
      op.getKeyLengths(), b.getArrayAttr(roles), op.getStaticOriginAttr(),
      op.getScaleAttr(), op.getQueryLayoutAttr(), op.getKeyLayoutAttr(),
      op.getValueLayoutAttr(), op.getResultLayoutAttr(), op.getEmptyRowAttr(),
      op.getModulations().empty()
          ? AuxiliaryAttr()
          : cast<AuxiliaryAttr>(op.getModulationRoles()[0]),
      op.getValueTableRolesAttr(),
      valueLabels ? b.getI64IntegerAttr(*valueLabels) : IntegerAttr(),
      queryRotation, keyRotation);
  buildScore(b, op, kernel, captures);
  b.setInsertionPointAfter(kernel);
  SmallVector<Value> results(kernel.getResults());
  for (auto [result, former] : llvm::zip(results, op->getResults()))
    if (result.getType() != former.getType())
      result = tensor::CastOp::create(b, loc, former.getType(), result);
  b.replaceOp(op, results);
}

/// What is attention too, and why no kernel has it.
static void explainCope(Operation *root, remark::RemarkOpts options) {
  root->walk([&](CopeOp op) {
    remark::missed(op.getLoc(), options)
        << "'sextant.cope' is not fused: a key's position is the sum of the "
           "gates of all keys up to the query, which no tile knows before "
           "every tile to its right is scored";
  });
}

/// What the score loop calls the C library for, once a score.
static void explainCalls(AttentionOp attention, remark::RemarkOpts options) {
  for (Operation &op : attention.getScore().front().without_terminator()) {
    bool isCall = isa<arith::RemFOp>(op);
    // Those of narrower types are computed in f64, by arithmetic.
    if (isa<math::MathDialect>(op.getDialect()) &&
        op.getResult(0).getType().isF64())
      isCall |=
          !isa<math::AbsFOp, math::CeilOp, math::ClampFOp, math::CopySignOp,
               math::FloorOp, math::FmaOp, math::FPowIOp, math::RoundEvenOp,
               math::RsqrtOp, math::SqrtOp, math::TruncOp>(op);
    if (isCall)
      remark::missed(op.getLoc(), options)
          << ("'" + op.getName().getStringRef() +
              "' is a call of the C library for every score")
                 .str();
  }
}

void AttentionToKernel::runOnOperation() {
  SmallVector<AttentionOp> found;
  getOperation()->walk([&](AttentionOp op) {
    if (!sequences || hasSequences(op))
      found.push_back(op);
  });
  IRRewriter rewriter(&getContext());
  auto options = remark::RemarkOpts::name("attention").category(getArgument());
  if (!sequences)
    explainCope(getOperation(), options);
  for (AttentionOp op : found) {
    std::string reason = whyNot(op);
    if (reason.empty()) {
      // tensor.extract is a load in the kernel.
      for (Operation &inner : op.getScore().front().without_terminator()) {
        bool elementwise = OpTrait::hasElementwiseMappableTraits(&inner) ||
                           isa<PositionTermOpInterface, ScalarTermOpInterface,
                               tensor::ExtractOp, arith::ConstantOp>(inner);
        if (!elementwise || inner.getNumRegions() != 0)
          reason = ("expects a score of elementwise operations, but got '" +
                    inner.getName().getStringRef() + "'")
                       .str();
      }
    }
    if (!reason.empty()) {
      remark::missed(op.getLoc(), options) << reason;
      continue;
    }
    remark::passed(op.getLoc(), options) << "fused attention";
    explainCalls(op, options);
    rewrite(rewriter, op);
  }
}
