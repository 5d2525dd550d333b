//===- AttentionVerifier.cpp - the constraints of attention ---------------===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "AttentionVerifier.h"

#include "mlir/Interfaces/SideEffectInterfaces.h"

using namespace mlir;
using namespace mlir::sextant;

namespace {

/// The dimensions of one operand by what they mean.
struct Dims {
  int64_t batch, heads, rows, size;
};

Dims getDims(Type type, Layout layout) {
  ArrayRef<int64_t> shape = cast<ShapedType>(type).getShape();
  return {layout == Layout::thd ? ShapedType::kDynamic : shape[0],
          shape[getHeadDim(layout)], shape[getSequenceDim(layout)],
          shape[getSizeDim(layout)]};
}

/// Whether two sizes differ for certain.
bool differ(int64_t left, int64_t right) {
  return !ShapedType::isDynamic(left) && !ShapedType::isDynamic(right) &&
         left != right;
}

std::string print(int64_t size) {
  return ShapedType::isDynamic(size) ? "?" : std::to_string(size);
}

} // namespace

static LogicalResult expectEqual(Operation *op, const Twine &what,
                                 int64_t expected, int64_t got) {
  if (!differ(expected, got))
    return success();
  return op->emitOpError("expects ")
         << what << " to be " << expected << ", but got " << got;
}

/// attention (C2): rank 4, one element type, static heads and sizes.
static LogicalResult verifyOperandType(AttentionOpInterface op, StringRef what,
                                       Type type, Layout layout,
                                       Type elementType) {
  auto shaped = cast<ShapedType>(type);
  unsigned rank = getSizeDim(layout) + 1;
  if (!shaped.hasRank() || shaped.getRank() != rank)
    return op->emitOpError("expects ")
           << what << " to have rank " << rank << ", but got "
           << (shaped.hasRank() ? std::to_string(shaped.getRank()) : "none");
  Type element = shaped.getElementType();
  if (!isa<Float16Type, BFloat16Type, Float32Type, Float64Type>(element))
    return op->emitOpError("expects ")
           << what << " to have element type f16, bf16, f32 or f64, but got "
           << element;
  if (element != elementType)
    return op->emitOpError("expects ")
           << what << " to have element type " << elementType << ", but got "
           << element;
  Dims dims = getDims(type, layout);
  if (ShapedType::isDynamic(dims.heads) || ShapedType::isDynamic(dims.size))
    return op->emitOpError("expects ")
           << what << " to have static head count and head size, but got "
           << print(dims.heads) << " and " << print(dims.size);
  return success();
}

static LogicalResult verifyOrigin(AttentionOpInterface op, int64_t batch) {
  // attention (C8)
  ArrayRef<int64_t> entries = op.getStaticOrigin();
  if (entries.size() != 4)
    return op->emitOpError("expects 4 entries in the origin, but got ")
           << entries.size();
  size_t dynamic = llvm::count_if(entries, ShapedType::isDynamic);
  if (dynamic != op.getOrigin().size())
    return op->emitOpError("expects ")
           << dynamic << " origin operands, but got " << op.getOrigin().size();
  for (auto [position, entry] : llvm::enumerate(op.getMixedOrigin())) {
    auto value = dyn_cast<Value>(entry);
    if (!value || value.getType().isIndex())
      continue;
    auto shaped = dyn_cast<ShapedType>(value.getType());
    if (position < 2 || !shaped || !shaped.hasRank() || shaped.getRank() != 1 ||
        !shaped.getElementType().isIntOrIndex())
      return op->emitOpError("expects entry ")
             << position << " of the origin to be an index"
             << (position < 2 ? "" : " or one integer for each batch entry")
             << ", but got " << value.getType();
    if (failed(expectEqual(op, "the size of an origin by batch entry", batch,
                           shaped.getDimSize(0))))
      return failure();
  }
  return success();
}

/// One size for each role; those of entries and rows are the operand's own.
static LogicalResult verifyRoles(AttentionOpInterface op, const Twine &what,
                                 ShapedType shaped, AuxiliaryAttr roles,
                                 const AttentionSizes &sizes) {
  ArrayRef<DimensionRole> dimRoles = roles.getRoles();
  if (!shaped.hasRank() ||
      shaped.getRank() != static_cast<int64_t>(dimRoles.size()))
    return op->emitOpError("expects ")
           << what << " to have rank " << dimRoles.size() << ", but got "
           << shaped;
  // attention (C16)
  if (roles.readsLabels() && !op.getLabels())
    return op->emitOpError("expects labels for ")
           << what << ", which is read by label, but got none";
  for (auto [dim, role] : llvm::enumerate(dimRoles)) {
    int64_t expected;
    switch (role) {
    case DimensionRole::batch:
      expected = sizes.batch;
      break;
    case DimensionRole::head:
      expected = sizes.heads;
      break;
    case DimensionRole::query:
      expected = sizes.queryRows;
      break;
    case DimensionRole::key:
      expected = sizes.keyRows;
      break;
    case DimensionRole::distance:
    case DimensionRole::label:
      if (shaped.getDimSize(dim) == 0)
        return op->emitOpError("expects at least one entry in dimension ")
               << dim << " of " << what << ", but got none";
      continue;
    case DimensionRole::free:
      continue;
    }
    int64_t size = shaped.getDimSize(dim);
    if (size != 1 &&
        failed(expectEqual(op,
                           "dimension " + Twine(dim) + " of " + what + " (" +
                               stringifyDimensionRole(role) + ")",
                           expected, size)))
      return failure();
  }
  return success();
}

static LogicalResult verifyAuxiliaries(AttentionOpInterface op,
                                       const AttentionSizes &sizes) {
  // attention (C9)
  OperandRange auxiliaries = op.getAuxiliaries();
  ArrayAttr roles = op.getRoles();
  if (auxiliaries.size() != roles.size())
    return op->emitOpError("expects roles for each of ")
           << auxiliaries.size() << " auxiliary operands, but got "
           << roles.size();
  for (auto [number, operand, attribute] :
       llvm::enumerate(auxiliaries, roles)) {
    auto role = cast<AuxiliaryAttr>(attribute);
    if (failed(verifyRoles(op, "auxiliary operand " + Twine(number),
                           cast<ShapedType>(operand.getType()), role, sizes)))
      return failure();
    if (role.getNumFree() && role.getBeyond() == Beyond::zero)
      return op->emitOpError("expects auxiliary operand ")
             << number
             << " to have no free dimensions with 'beyond = zero', but got "
             << role.getNumFree();
  }
  return success();
}

static LogicalResult verifyLabels(AttentionOpInterface op,
                                  const AttentionSizes &sizes) {
  // attention (C16)
  std::optional<AuxiliaryAttr> roles = op.getLabelRoles();
  if (static_cast<bool>(op.getLabels()) != roles.has_value())
    return op->emitOpError("expects labels and their roles together, but got ")
           << (roles ? "roles" : "labels") << " alone";
  if (!roles)
    return success();
  auto type = cast<ShapedType>(op.getLabels().getType());
  // Of one bit the only number but 0 is -1.
  if (!type.getElementType().isSignlessIntOrIndex() ||
      type.getElementType().isInteger(1))
    return op->emitOpError("expects integers of several bits as labels, but "
                           "got ")
           << type.getElementType();
  if (roles->getNumFree() || roles->getEntryDim())
    return op->emitOpError("expects labels by batch, head, query and key, but "
                           "got ")
           << *roles;
  return verifyRoles(op, "the labels", type, *roles, sizes);
}

static LogicalResult verifyModulations(AttentionOpInterface op,
                                       const AttentionSizes &sizes) {
  // attention (C15)
  OperandRange tables = op.getModulations();
  ArrayRef<int64_t> pairs = op.getModulatedPairs();
  if (tables.size() != op.getModulationRoles().size() ||
      tables.size() != pairs.size())
    return op->emitOpError("expects roles and a pair for each of ")
           << tables.size() << " modulations, but got "
           << op.getModulationRoles().size() << " and " << pairs.size();
  int64_t last = -1;
  for (auto [number, table, attribute, pair] :
       llvm::enumerate(tables, op.getModulationRoles(), pairs)) {
    if (pair <= last || pair >= static_cast<int64_t>(op.getQueries().size()))
      return op->emitOpError("expects modulated pairs in ascending order "
                             "below ")
             << op.getQueries().size() << ", each once, but got " << pairs;
    last = pair;
    auto roles = cast<AuxiliaryAttr>(attribute);
    auto type = cast<ShapedType>(table.getType());
    if (failed(
            verifyRoles(op, "modulation " + Twine(number), type, roles, sizes)))
      return failure();
    int64_t size =
        getDims(op.getQueries()[pair].getType(), op.getQueryLayout()).size;
    if (roles.getNumFree() != 1 || type.getShape().back() != size)
      return op->emitOpError("expects modulation ")
             << number << " to end in one free dimension of size " << size
             << ", but got " << type;
    if (!isa<FloatType>(type.getElementType()))
      return op->emitOpError("expects modulation ")
             << number << " to be of floats, but got " << type.getElementType();
  }
  return success();
}

LogicalResult sextant::verifyValueTable(Operation *op, ShapedType table,
                                        AuxiliaryAttr roles,
                                        int64_t valueSize) {
  std::optional<unsigned> entries = roles.getEntryDim();
  bool isOrdered = entries && roles.getNumFree() == 1 &&
                   *entries + 2 == roles.getRoles().size();
  for (DimensionRole role : roles.getRoles())
    isOrdered &= role != DimensionRole::query && role != DimensionRole::key;
  if (!isOrdered)
    return op->emitOpError("expects the table of values by batch, head, then "
                           "distance or label, and one free dimension, but "
                           "got ")
           << roles;
  if (!table.hasRank() ||
      table.getRank() != static_cast<int64_t>(roles.getRoles().size()))
    return op->emitOpError("expects the table of values to have rank ")
           << roles.getRoles().size() << ", but got " << table;
  if (table.isDynamicDim(*entries))
    return op->emitOpError("expects a table of values of static size, but "
                           "got ")
           << table;
  if (table.getShape().back() != valueSize)
    return op->emitOpError("expects vectors of the value's size ")
           << valueSize << " in the table of values, but got "
           << table.getShape().back();
  if (!isa<FloatType>(table.getElementType()))
    return op->emitOpError("expects a table of values of floats, but got ")
           << table.getElementType();
  return success();
}

/// Cumulative lengths of one side; the number of sequences if it is known.
static LogicalResult verifyLengths(AttentionOp op, StringRef side,
                                   Layout layout, Value lengths,
                                   int64_t &batch) {
  // attention (C19)
  bool isRagged = layout == Layout::thd;
  if (isRagged != static_cast<bool>(lengths))
    return op.emitOpError("expects cumulative lengths of the ")
           << side << (isRagged ? "" : " only") << " in layout thd, but got "
           << (lengths ? "lengths" : "none");
  if (!lengths)
    return success();
  int64_t size = cast<ShapedType>(lengths.getType()).getDimSize(0);
  if (ShapedType::isDynamic(size))
    return success();
  if (size < 2)
    return op.emitOpError("expects at least 2 cumulative lengths of the ")
           << side << ", but got " << size;
  if (ShapedType::isDynamic(batch))
    batch = size - 1;
  return expectEqual(op, "the number of sequences of the " + side, batch,
                     size - 1);
}

static LogicalResult verifyLayouts(AttentionOpInterface op, int64_t &batch) {
  Layout layouts[] = {op.getQueryLayout(), op.getResultLayout(),
                      op.getKeyLayout(), op.getValueLayout()};
  auto attention = dyn_cast<AttentionOp>(op.getOperation());
  if (!attention) {
    // online_attention (C14)
    if (llvm::is_contained(layouts, Layout::thd))
      return op->emitOpError("expects sequences of one length, but got layout "
                             "thd");
    return success();
  }
  // attention (C19)
  for (unsigned side : {0, 2})
    if ((layouts[side] == Layout::thd) != (layouts[side + 1] == Layout::thd))
      return op->emitOpError("expects ")
             << (side ? "keys and value" : "queries and result")
             << " to be both in layout thd or neither, but got "
             << stringifyLayout(layouts[side]) << " and "
             << stringifyLayout(layouts[side + 1]);
  if (failed(verifyLengths(attention, "queries", layouts[0],
                           attention.getQueryLengths(), batch)))
    return failure();
  return verifyLengths(attention, "keys", layouts[2], attention.getKeyLengths(),
                       batch);
}

FailureOr<AttentionSizes>
sextant::verifyAttentionOperands(AttentionOpInterface op) {
  // attention (C1)
  OperandRange queries = op.getQueries(), keys = op.getKeys();
  if (queries.empty() || queries.size() != keys.size())
    return op->emitOpError("expects at least one query and as many keys, but "
                           "got ")
           << queries.size() << " and " << keys.size();

  // attention (C2)
  Type elementType = getElementTypeOrSelf(queries.front().getType());
  for (Value query : queries)
    if (failed(verifyOperandType(op, "query", query.getType(),
                                 op.getQueryLayout(), elementType)))
      return failure();
  for (Value key : keys)
    if (failed(verifyOperandType(op, "key", key.getType(), op.getKeyLayout(),
                                 elementType)))
      return failure();
  if (failed(verifyOperandType(op, "value", op.getValue().getType(),
                               op.getValueLayout(), elementType)))
    return failure();

  Dims value = getDims(op.getValue().getType(), op.getValueLayout());
  Dims first = getDims(queries.front().getType(), op.getQueryLayout());
  AttentionSizes sizes{first.batch, first.heads, first.rows, value.rows,
                       value.size};
  if (failed(verifyLayouts(op, sizes.batch)))
    return failure();
  auto verifyKeySide = [&](StringRef what, const Dims &dims) -> LogicalResult {
    // attention (C3)
    if (failed(expectEqual(op, "the batch size of each " + what, sizes.batch,
                           dims.batch)))
      return failure();
    // attention (C5)
    if (failed(expectEqual(op, "the number of rows of each " + what,
                           sizes.keyRows, dims.rows)))
      return failure();
    // attention (C6)
    if (dims.heads == 0 || sizes.heads % dims.heads != 0)
      return op->emitOpError("expects the number of query heads to be a "
                             "multiple of that of each ")
             << what << ", but got " << sizes.heads << " and " << dims.heads;
    return success();
  };
  if (failed(verifyKeySide("value", value)))
    return failure();
  for (auto [query, key] : llvm::zip(queries, keys)) {
    Dims q = getDims(query.getType(), op.getQueryLayout());
    Dims k = getDims(key.getType(), op.getKeyLayout());
    // attention (C3)
    if (failed(expectEqual(op, "the batch size of each query", sizes.batch,
                           q.batch)))
      return failure();
    // attention (C4)
    if (failed(expectEqual(op, "the number of heads of each query", sizes.heads,
                           q.heads)) ||
        failed(expectEqual(op, "the number of rows of each query",
                           sizes.queryRows, q.rows)))
      return failure();
    if (failed(verifyKeySide("key", k)))
      return failure();
    // attention (C7)
    if (failed(expectEqual(op, "the head size of a key", q.size, k.size)))
      return failure();
    // Which of the dynamic sizes is known may differ from operand to operand.
    if (ShapedType::isDynamic(sizes.batch))
      sizes.batch = ShapedType::isDynamic(q.batch) ? k.batch : q.batch;
    if (ShapedType::isDynamic(sizes.queryRows))
      sizes.queryRows = q.rows;
    if (ShapedType::isDynamic(sizes.keyRows))
      sizes.keyRows = k.rows;
  }

  // attention (C21)
  FloatType scoreType = getScoreTypeOf(op.getQueries().front().getType());
  APFloat scale = op.getScale();
  bool losesInfo;
  scale.convert(scoreType.getFloatSemantics(), APFloat::rmNearestTiesToEven,
                &losesInfo);
  if (!scale.isFinite())
    return op->emitOpError("expects a scale that is finite in ")
           << scoreType << ", but got " << op.getScale().convertToDouble();

  if (failed(verifyOrigin(op, sizes.batch)) ||
      failed(verifyLabels(op, sizes)) || failed(verifyAuxiliaries(op, sizes)) ||
      failed(verifyModulations(op, sizes)))
    return failure();
  return sizes;
}

LogicalResult sextant::verifyShape(Operation *op, StringRef what, Type type,
                                   ArrayRef<int64_t> shape, Type elementType) {
  auto shaped = dyn_cast<ShapedType>(type);
  if (!shaped || !shaped.hasRank() ||
      failed(verifyCompatibleShape(shaped.getShape(), shape)))
    return op->emitOpError("expects ")
           << what << " to have shape "
           << RankedTensorType::get(shape, elementType) << ", but got " << type;
  if (shaped.getElementType() != elementType)
    return op->emitOpError("expects ")
           << what << " to have element type " << elementType << ", but got "
           << shaped.getElementType();
  return success();
}

SmallVector<int64_t> sextant::getResultShape(const AttentionSizes &sizes,
                                             Layout layout) {
  if (layout == Layout::thd)
    return {sizes.queryRows, sizes.heads, sizes.valueSize};
  SmallVector<int64_t> shape = {sizes.batch, sizes.heads, sizes.queryRows,
                                sizes.valueSize};
  if (layout == Layout::bshd)
    std::swap(shape[1], shape[2]);
  return shape;
}

LogicalResult AttentionOp::verify() {
  FailureOr<AttentionSizes> sizes = verifyAttentionOperands(*this);
  if (failed(sizes))
    return failure();
  Type scoreType = getScoreTypeOf(getQueries().front().getType());
  // attention (C10)
  if (getSink() && failed(verifyShape(*this, "the sink", getSink().getType(),
                                      {sizes->heads}, scoreType)))
    return failure();
  // attention (C17)
  if (static_cast<bool>(getValueTable()) != getValueTableRoles().has_value())
    return emitOpError("expects a table of values and its roles together, but "
                       "got ")
           << (getValueTable() ? "the table" : "roles") << " alone";
  if (getValueTable()) {
    auto table = cast<ShapedType>(getValueTable().getType());
    if (failed(verifyValueTable(*this, table, *getValueTableRoles(),
                                sizes->valueSize)) ||
        failed(verifyRoles(cast<AttentionOpInterface>(getOperation()),
                           "the table of values", table, *getValueTableRoles(),
                           *sizes)))
      return failure();
  }
  // attention (C13)
  if (failed(verifyShape(*this, "the result", getResult().getType(),
                         getResultShape(*sizes, getResultLayout()),
                         getElementTypeOrSelf(getValue()))))
    return failure();
  if (getWithLogSumExp() != static_cast<bool>(getLogSumExp()))
    return emitOpError("expects a log-sum-exp result ")
           << (getWithLogSumExp() ? "with" : "only with")
           << " 'log_sum_exp', but got " << getNumResults() << " results";
  if (!getLogSumExp())
    return success();
  SmallVector<int64_t> rows = {sizes->batch, sizes->heads, sizes->queryRows};
  if (getResultLayout() == Layout::thd)
    rows.erase(rows.begin());
  return verifyShape(*this, "the log-sum-exp", getLogSumExp().getType(), rows,
                     scoreType);
}

/// Whether a region's argument may be `type` where `expected` is. A row of a
/// memref may have any strides.
static bool isArgumentType(Type type, Type expected) {
  auto row = dyn_cast<MemRefType>(type);
  auto expectedRow = dyn_cast<MemRefType>(expected);
  if (!row || !expectedRow)
    return type == expected;
  return row.getShape() == expectedRow.getShape() &&
         row.getElementType() == expectedRow.getElementType();
}

/// Whether an op has no effect but, at most, to read memory.
static bool onlyReads(Operation *op) {
  if (isPure(op))
    return true;
  std::optional<SmallVector<MemoryEffects::EffectInstance>> effects =
      getEffectsRecursively(op);
  return effects && llvm::all_of(*effects, [](const auto &instance) {
           return isa<MemoryEffects::Read>(instance.getEffect());
         });
}

LogicalResult sextant::verifyScoreRegion(AttentionOpInterface op) {
  Region &region = op.getScore();
  Block &block = region.front();
  FloatType scoreType = op.getScoreType();
  IndexType index = IndexType::get(op->getContext());

  // attention (C11)
  SmallVector<Type> expected = {scoreType, index, index, index, index};
  for (auto [operand, roles] : llvm::zip(op.getAuxiliaries(), op.getRoles()))
    expected.push_back(getScoreArgumentType(cast<ShapedType>(operand.getType()),
                                            cast<AuxiliaryAttr>(roles)));
  if (block.getNumArguments() != expected.size())
    return op->emitOpError("expects ")
           << expected.size() << " arguments of the score region, but got "
           << block.getNumArguments();
  for (auto [number, argument, type] :
       llvm::enumerate(block.getArguments(), expected))
    if (!isArgumentType(argument.getType(), type))
      return op->emitOpError("expects argument ")
             << number << " of the score region to be " << type << ", but got "
             << argument.getType();
  auto yield = dyn_cast_or_null<YieldOp>(
      block.mightHaveTerminator() ? block.getTerminator() : nullptr);
  if (!yield)
    return op->emitOpError("expects the score region to end in "
                           "'sextant.yield'");
  if (yield.getScore().getType() != scoreType)
    return yield.emitOpError("expects a score of type ")
           << scoreType << ", but got " << yield.getScore().getType();

  // attention (C12)
  for (Operation &inner : block.without_terminator())
    if (!onlyReads(&inner)) {
      InFlightDiagnostic diagnostic =
          op->emitOpError(
              "expects the ops of the score region to do nothing but "
              "compute and read, but got '")
          << inner.getName() << "'";
      diagnostic.attachNote(inner.getLoc()) << "which is here";
      return diagnostic;
    }
  return success();
}
