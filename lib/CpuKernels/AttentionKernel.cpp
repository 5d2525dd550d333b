//===- AttentionKernel.cpp - the functions behind attention ---------------===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "AttentionKernel.h"
#include "Costs.h"
#include "VectorMath.h"

#include "sextant/Sextant/IR/Sextant.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace mlir::sextant;
using namespace mlir::sextant::cpu;

AttentionShape AttentionShape::of(AttentionOp op, const VectorUnit &unit) {
  auto size = [](Value operand, unsigned dim) {
    return cast<ShapedType>(operand.getType()).getDimSize(dim);
  };
  AttentionShape shape;
  shape.heads = size(op.getQuery(), getHeadDim(op.getQueryLayout()));
  shape.keyHeads = size(op.getKey(), getHeadDim(op.getKeyLayout()));
  shape.keySize = size(op.getKey(), getSizeDim(op.getKeyLayout()));
  shape.valueSize = size(op.getValue(), getSizeDim(op.getValueLayout()));
  shape.blockRows = costs::kBlockTiles * unit.rows;
  shape.blockKeys = costs::kBlockKeys;
  shape.fewRows = costs::kFewTiles * unit.rows;
  shape.fewestRows = costs::kFewestTiles * unit.rows;
  shape.fewKeys = costs::kFewKeys;
  shape.packedKeys = costs::kPackedElements / (shape.keySize + shape.valueSize);
  return shape;
}

AttentionKernel::AttentionKernel(AttentionOp op, const VectorUnit &unit)
    : op(op), unit(unit), shape(AttentionShape::of(op, unit)), loc(op.getLoc()),
      vectorType(unit.vectorType(op.getContext())), width(unit.columns()) {
  Block &score = op.getScore().front();
  Value result = score.getTerminator()->getOperand(0);
  isPlain = result == score.getArgument(0);
  while (auto term = result.getDefiningOp<PositionTermOpInterface>()) {
    if (term.getSummary().action != TermAction::hide)
      break;
    result = term.getScore();
  }
  isBaseTwo = result == score.getArgument(0);
  uniformRows = op.getEmptyRow() == EmptyRow::uniform;
}

AttentionKernel::~AttentionKernel() = default;

bool AttentionKernel::takesFewRows() {
  // Keys turn while they are packed.
  return shape.valueSize % unit.lanes == 0 && !op.getModulation() &&
         !op.getValueTable() && !op.getKeyRotation();
}

MemRefType AttentionKernel::getPackedKeysType() const {
  return MemRefType::get(
      {ShapedType::kDynamic, ShapedType::kDynamic, shape.keySize, width},
      vectorType.getElementType());
}

MemRefType AttentionKernel::getPackedValuesType() const {
  return MemRefType::get({ShapedType::kDynamic, shape.valuePanels(unit),
                          ShapedType::kDynamic, width},
                         vectorType.getElementType());
}

MemRefType AttentionKernel::getStatesType() const {
  return MemRefType::get(
      {ShapedType::kDynamic, shape.fewRows, getColumns() + unit.lanes},
      vectorType.getElementType());
}

SmallVector<Value> AttentionKernel::getBlockOperands() {
  SmallVector<Value> operands{op.getQuery()};
  llvm::append_range(operands, op.getAuxiliaries());
  llvm::append_range(operands, op.getOrigin());
  llvm::append_range(operands, op.getCaptures());
  if (op.getSink())
    operands.push_back(op.getSink());
  if (op.getModulation())
    operands.push_back(op.getModulation());
  if (op.getValueTable())
    operands.push_back(op.getValueTable());
  operands.push_back(op.getInit());
  if (op.getLogSumExpInit())
    operands.push_back(op.getLogSumExpInit());
  if (op.getQueryRotation())
    operands.append({op.getQueryCosine(), op.getQuerySine()});
  return operands;
}

SmallVector<Value> AttentionKernel::getKeyOperands() {
  SmallVector<Value> operands{op.getKey()};
  if (op.getKeyRotation())
    operands.append({op.getKeyCosine(), op.getKeySine()});
  return operands;
}

//===----------------------------------------------------------------------===//
// Scalars and views
//===----------------------------------------------------------------------===//

Value AttentionKernel::constant(int64_t value) {
  return arith::ConstantIndexOp::create(*builder, loc, value);
}

Value AttentionKernel::constantOf(Type type, double value) {
  auto element = cast<FloatType>(getElementTypeOrSelf(type));
  APFloat number(value);
  bool losesInfo;
  number.convert(element.getFloatSemantics(), APFloat::rmNearestTiesToEven,
                 &losesInfo);
  if (auto vector = dyn_cast<VectorType>(type))
    return arith::ConstantOp::create(*builder, loc, vector,
                                     DenseElementsAttr::get(vector, number));
  return arith::ConstantOp::create(*builder, loc,
                                   builder->getFloatAttr(element, number));
}

Value AttentionKernel::add(Value lhs, Value rhs) {
  return arith::AddIOp::create(*builder, loc, lhs, rhs);
}
Value AttentionKernel::sub(Value lhs, Value rhs) {
  return arith::SubIOp::create(*builder, loc, lhs, rhs);
}
Value AttentionKernel::mul(Value lhs, int64_t factor) {
  return arith::MulIOp::create(*builder, loc, lhs, constant(factor));
}
Value AttentionKernel::minimum(Value lhs, Value rhs) {
  return arith::MinSIOp::create(*builder, loc, lhs, rhs);
}
Value AttentionKernel::maximum(Value lhs, Value rhs) {
  return arith::MaxSIOp::create(*builder, loc, lhs, rhs);
}
Value AttentionKernel::less(Value lhs, Value rhs) {
  return arith::CmpIOp::create(*builder, loc, arith::CmpIPredicate::slt, lhs,
                               rhs);
}
Value AttentionKernel::ceilDiv(Value lhs, int64_t rhs) {
  return arith::DivUIOp::create(*builder, loc, add(lhs, constant(rhs - 1)),
                                constant(rhs));
}

void AttentionKernel::forEach(Value lower, Value upper, int64_t step,
                              function_ref<void(Value)> body) {
  auto loop = scf::ForOp::create(*builder, loc, lower, upper, constant(step));
  keepAsWritten(loop);
  OpBuilder::InsertionGuard guard(*builder);
  builder->setInsertionPointToStart(loop.getBody());
  body(loop.getInductionVar());
}

void AttentionKernel::buildIf(Value condition, function_ref<void()> body) {
  auto choice = scf::IfOp::create(*builder, loc, condition);
  OpBuilder::InsertionGuard guard(*builder);
  builder->setInsertionPointToStart(choice.thenBlock());
  body();
}

Value AttentionKernel::at(Value memref, ArrayRef<OpFoldResult> offsets,
                          ArrayRef<OpFoldResult> sizes,
                          ArrayRef<int64_t> viewShape) {
  SmallVector<OpFoldResult> ones(offsets.size(), builder->getIndexAttr(1));
  auto type = cast<MemRefType>(memref::SubViewOp::inferRankReducedResultType(
      viewShape, cast<MemRefType>(memref.getType()), offsets, sizes, ones));
  return memref::SubViewOp::create(*builder, loc, type, memref, offsets, sizes,
                                   ones);
}

SmallVector<Value> AttentionKernel::indicesOf(Layout layout, Value batch,
                                              Value head, Value row,
                                              Value column) {
  if (layout == Layout::bshd)
    std::swap(head, row);
  return {batch, head, row, column};
}

Value AttentionKernel::loadWide(Value memref, ValueRange indices,
                                int64_t lanes) {
  Type element = getElementTypeOrSelf(memref.getType());
  Value vector = vector::LoadOp::create(
      *builder, loc, VectorType::get({lanes}, element), memref, indices);
  if (element.isF32())
    return vector;
  return arith::ExtFOp::create(
      *builder, loc, VectorType::get({lanes}, builder->getF32Type()), vector);
}

Value AttentionKernel::loadElement(Value memref, ValueRange indices) {
  Value element = memref::LoadOp::create(*builder, loc, memref, indices);
  if (element.getType().isF32())
    return element;
  return arith::ExtFOp::create(*builder, loc, builder->getF32Type(), element);
}

std::optional<Turn>
AttentionKernel::getTurn(std::optional<ArrayRef<int64_t>> rotation) {
  if (!rotation)
    return std::nullopt;
  return Turn{(*rotation)[0] == 1, (*rotation)[1], (*rotation)[2], {}, {}};
}

std::array<std::pair<Value, Value>, 2>
AttentionKernel::loadTurned(const Turn &turn, Value memref,
                            SmallVector<Value> indices, Value row, Value plane,
                            int64_t lanes) {
  OpBuilder &b = *builder;
  Value columns[2];
  if (turn.interleaved) {
    columns[0] = add(mul(plane, 2), constant(turn.first));
    columns[1] = add(columns[0], constant(lanes));
  } else {
    columns[0] = add(plane, constant(turn.first));
    columns[1] = add(columns[0], constant(turn.count / 2));
  }
  Value parts[2];
  for (int i = 0; i < 2; ++i) {
    indices.back() = columns[i];
    parts[i] = loadWide(memref, indices, lanes);
  }
  auto shuffle = [&](Value lhs, Value rhs,
                     function_ref<int64_t(int64_t)> source) -> Value {
    SmallVector<int64_t> mask;
    for (int64_t lane = 0; lane < lanes; ++lane)
      mask.push_back(source(lane));
    return vector::ShuffleOp::create(b, loc, lhs, rhs, mask);
  };
  Value x = parts[0], y = parts[1];
  if (turn.interleaved) {
    x = shuffle(parts[0], parts[1], [](int64_t i) { return 2 * i; });
    y = shuffle(parts[0], parts[1], [](int64_t i) { return 2 * i + 1; });
  }
  bool isShared = cast<MemRefType>(turn.cosine.getType()).getDimSize(0) == 1;
  SmallVector<Value> place{isShared ? constant(0) : batch, row, plane};
  Value cosine = loadWide(turn.cosine, place, lanes);
  Value sine = loadWide(turn.sine, place, lanes);
  auto multiply = [&](Value lhs, Value rhs) -> Value {
    return arith::MulFOp::create(b, loc, lhs, rhs);
  };
  Value turnedX =
      arith::SubFOp::create(b, loc, multiply(x, cosine), multiply(y, sine));
  Value turnedY = vector::FMAOp::create(b, loc, y, cosine, multiply(x, sine));
  if (turn.interleaved) {
    int64_t half = lanes / 2;
    Value low = shuffle(turnedX, turnedY,
                        [&](int64_t i) { return i / 2 + i % 2 * lanes; });
    turnedY = shuffle(turnedX, turnedY,
                      [&](int64_t i) { return half + i / 2 + i % 2 * lanes; });
    turnedX = low;
  }
  return {std::pair{columns[0], turnedX}, std::pair{columns[1], turnedY}};
}

void AttentionKernel::storeNarrow(Value vector, Value memref,
                                  ArrayRef<Value> indices, int64_t columns) {
  OpBuilder &b = *builder;
  Type element = getElementTypeOrSelf(memref.getType());
  if (!element.isF32())
    vector = arith::TruncFOp::create(
        b, loc, VectorType::get({unit.lanes}, element), vector);
  if (columns >= unit.lanes) {
    vector::StoreOp::create(b, loc, vector, memref, indices);
    return;
  }
  SmallVector<Value> to(indices);
  for (int64_t lane = 0; lane < columns; ++lane) {
    to.back() = add(indices.back(), constant(lane));
    Value scalar =
        vector::ExtractOp::create(b, loc, vector, ArrayRef<int64_t>{lane});
    memref::StoreOp::create(b, loc, scalar, memref, to);
  }
}

//===----------------------------------------------------------------------===//
// Packing
//===----------------------------------------------------------------------===//

void AttentionKernel::packKeyPanel(Value key, Value panel, Value batch,
                                   Value head, Value firstKey) {
  // Keys behind the last are the last again: their scores are hidden later.
  OpBuilder &b = *builder;
  Value last = sub(keyCount, constant(1));
  Value hasNext = less(add(firstKey, constant(width)), keyCount);
  for (int64_t part = 0; part < width; part += 8) {
    SmallVector<Value> rows;
    for (int64_t r = 0; r < 8; ++r)
      rows.push_back(minimum(add(firstKey, constant(part + r)), last));
    auto store = [&](Value column, SmallVector<Value> vectors) {
      vectors = transposeEight(b, loc, vectors);
      for (auto [i, vector] : llvm::enumerate(vectors))
        vector::StoreOp::create(
            b, loc, vector, panel,
            ValueRange{add(column, constant(i)), constant(part)});
    };
    // Hardware does not follow eight rows at once.
    auto prefetchNext = [&](Value column) {
      buildIf(hasNext, [&] {
        for (int64_t r = 0; r < 8; ++r)
          prefetchRow(key, op.getKeyLayout(), head,
                      minimum(add(firstKey, constant(part + r + width)), last),
                      column, /*size=*/8, /*locality=*/3);
      });
    };
    auto pack = [&](int64_t begin, int64_t end) {
      int64_t whole = begin + (end - begin) / 8 * 8;
      forEach(constant(begin), constant(whole), 8, [&](Value column) {
        prefetchNext(column);
        SmallVector<Value> vectors;
        for (Value row : rows)
          vectors.push_back(loadWide(
              key, indicesOf(op.getKeyLayout(), batch, head, row, column), 8));
        store(column, vectors);
      });
      for (int64_t column = whole; column < end; ++column)
        for (auto [r, row] : llvm::enumerate(rows)) {
          Value element =
              loadElement(key, indicesOf(op.getKeyLayout(), batch, head, row,
                                         constant(column)));
          memref::StoreOp::create(
              b, loc, element, panel,
              ValueRange{constant(column), constant(part + r)});
        }
    };
    if (!keyTurn) {
      pack(0, shape.keySize);
      continue;
    }
    pack(0, keyTurn->first);
    pack(keyTurn->first + keyTurn->count, shape.keySize);
    forEach(constant(0), constant(keyTurn->count / 2), 8, [&](Value plane) {
      SmallVector<Value> vectors[2];
      Value columns[2];
      for (Value row : rows) {
        auto turned =
            loadTurned(*keyTurn, key,
                       indicesOf(op.getKeyLayout(), batch, head, row, plane),
                       row, plane, 8);
        for (int i = 0; i < 2; ++i) {
          columns[i] = turned[i].first;
          vectors[i].push_back(turned[i].second);
        }
      }
      for (int i = 0; i < 2; ++i) {
        prefetchNext(columns[i]);
        store(columns[i], vectors[i]);
      }
    });
  }
}

func::FuncOp AttentionKernel::createFunction(StringRef name, TypeRange types) {
  auto function = func::FuncOp::create(
      *builder, loc, name, FunctionType::get(op.getContext(), types, {}));
  function.setPrivate();
  function->setAttr("passthrough",
                    builder->getStrArrayAttr({"noinline", "no-builtins"}));
  return function;
}

func::FuncOp AttentionKernel::buildPackKeys(OpBuilder &b) {
  builder = &b;
  Type index = b.getIndexType();
  SmallVector<Type> types;
  for (Value operand : getKeyOperands())
    types.push_back(operand.getType());
  types.push_back(getPackedKeysType());
  types.append(5, index);
  func::FuncOp function = createFunction("sextant_pack_keys", types);
  OpBuilder::InsertionGuard guard(b);
  Block *entry = function.addEntryBlock();
  b.setInsertionPointToStart(entry);
  auto argument = entry->args_begin();
  Value key = *argument++;
  keyTurn = getTurn(op.getKeyRotation());
  if (keyTurn) {
    keyTurn->cosine = *argument++;
    keyTurn->sine = *argument++;
  }
  Value packed = *argument++, place = *argument++;
  batch = *argument++;
  head = *argument++;
  Value panelBegin = *argument++, panelEnd = *argument++;
  keyCount =
      memref::DimOp::create(b, loc, key, getSequenceDim(op.getKeyLayout()));
  forEach(panelBegin, panelEnd, 1, [&](Value number) {
    OpFoldResult zero = b.getIndexAttr(0), one = b.getIndexAttr(1);
    Value panel =
        at(packed, {place, number, zero, zero},
           {one, one, b.getIndexAttr(shape.keySize), b.getIndexAttr(width)},
           {shape.keySize, width});
    packKeyPanel(key, panel, batch, head, mul(number, width));
  });
  func::ReturnOp::create(b, loc);
  return function;
}

func::FuncOp AttentionKernel::buildPackValues(OpBuilder &b) {
  builder = &b;
  Type index = b.getIndexType();
  func::FuncOp function = createFunction(
      "sextant_pack_values", {op.getValue().getType(), getPackedValuesType(),
                              index, index, index, index, index});
  OpBuilder::InsertionGuard guard(b);
  Block *entry = function.addEntryBlock();
  b.setInsertionPointToStart(entry);
  Value value = entry->getArgument(0), packed = entry->getArgument(1);
  Value place = entry->getArgument(2);
  Value batch = entry->getArgument(3), head = entry->getArgument(4);
  forEach(entry->getArgument(5), entry->getArgument(6), 1, [&](Value row) {
    for (int64_t first = 0; first < getColumns(); first += unit.lanes) {
      SmallVector<Value> from =
          indicesOf(op.getValueLayout(), batch, head, row, constant(first));
      int64_t columns = shape.valueSize - first;
      Value vector;
      if (columns >= unit.lanes) {
        vector = loadWide(value, from, unit.lanes);
      } else {
        vector = constantOf(vectorType, 0.0);
        for (int64_t lane = 0; lane < columns; ++lane) {
          from.back() = constant(first + lane);
          Value element = loadElement(value, from);
          vector = vector::InsertOp::create(b, loc, element, vector,
                                            ArrayRef<int64_t>{lane});
        }
      }
      vector::StoreOp::create(b, loc, vector, packed,
                              ValueRange{place, constant(first / width), row,
                                         constant(first % width)});
    }
  });
  func::ReturnOp::create(b, loc);
  return function;
}
