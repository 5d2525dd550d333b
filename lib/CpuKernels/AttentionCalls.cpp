//===- AttentionCalls.cpp - calls of the functions of an attention --------===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "AttentionCalls.h"

#include "Costs.h"

#include "sextant/CpuKernels/Passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace mlir::sextant;
using namespace mlir::sextant::cpu;

scf::ForallOp cpu::buildTasks(OpBuilder &b, Location loc, OpFoldResult outer,
                              OpFoldResult inner, Value cycles) {
  OpFoldResult zero = b.getIndexAttr(0), one = b.getIndexAttr(1);
  auto loop = scf::ForallOp::create(b, loc, ArrayRef{zero, zero},
                                    ArrayRef{outer, inner}, ArrayRef{one, one},
                                    ValueRange(), std::nullopt);
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(loop.getBody());
  func::CallOp::create(b, loc, kLoopWorkFunction, TypeRange(), cycles);
  return loop;
}

AttentionCalls::AttentionCalls(OpBuilder &b, AttentionOp op,
                               const AttentionFunctions &functions,
                               const VectorUnit &unit)
    : b(b), loc(op.getLoc()), op(op), kernel(op, unit), functions(functions),
      unit(unit) {
  Value queries = memref::DimOp::create(b, loc, op.getQuery(),
                                        getSequenceDim(op.getQueryLayout()));
  keys = memref::DimOp::create(b, loc, op.getKey(),
                               getSequenceDim(op.getKeyLayout()));
  rows = mul(queries, getShape().group());
}

//===----------------------------------------------------------------------===//
// Scalars and loops
//===----------------------------------------------------------------------===//

Value AttentionCalls::constant(int64_t value) {
  return arith::ConstantIndexOp::create(b, loc, value);
}
Value AttentionCalls::add(Value lhs, Value rhs) {
  return arith::AddIOp::create(b, loc, lhs, rhs);
}
Value AttentionCalls::sub(Value lhs, Value rhs) {
  return arith::SubIOp::create(b, loc, lhs, rhs);
}
Value AttentionCalls::mul(Value lhs, Value rhs) {
  return arith::MulIOp::create(b, loc, lhs, rhs);
}
Value AttentionCalls::ceilDiv(Value lhs, Value rhs) {
  Value above = add(lhs, sub(rhs, constant(1)));
  return arith::DivUIOp::create(b, loc, above, rhs);
}
Value AttentionCalls::least(Value lhs, Value rhs) {
  return arith::MinUIOp::create(b, loc, lhs, rhs);
}
Value AttentionCalls::most(Value lhs, Value rhs) {
  return arith::MaxUIOp::create(b, loc, lhs, rhs);
}
Value AttentionCalls::isAtMost(Value lhs, Value rhs) {
  return arith::CmpIOp::create(b, loc, arith::CmpIPredicate::ule, lhs, rhs);
}
Value AttentionCalls::isLess(Value lhs, Value rhs) {
  return arith::CmpIOp::create(b, loc, arith::CmpIPredicate::ult, lhs, rhs);
}

Value AttentionCalls::allocate(MemRefType type, ValueRange sizes) {
  return memref::AllocOp::create(b, loc, type, sizes, b.getI64IntegerAttr(64));
}

void AttentionCalls::serial(Value count, function_ref<void(Value)> body) {
  auto loop = scf::ForOp::create(b, loc, constant(0), count, constant(1));
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(loop.getBody());
  body(loop.getInductionVar());
}

void AttentionCalls::choose(Value condition, function_ref<void()> yes,
                            function_ref<void()> no) {
  auto choice =
      scf::IfOp::create(b, loc, condition, /*withElseRegion=*/bool(no));
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(choice.thenBlock());
  yes();
  if (!no)
    return;
  b.setInsertionPointToStart(choice.elseBlock());
  no();
}

Value AttentionCalls::countCyclesOfKey() {
  const AttentionShape &shape = getShape();
  int64_t bytes =
      cast<MemRefType>(op.getKey().getType()).getElementTypeBitWidth() / 8;
  return constant(llvm::divideCeil((shape.keySize + shape.valueSize) * bytes,
                                   costs::kBytesOfCycle));
}

Value AttentionCalls::countCycles(Value rows) {
  const AttentionShape &shape = getShape();
  int64_t sizes = shape.keySize + shape.valueSize;
  return add(
      mul(rows, llvm::divideCeil(sizes, costs::kFmasOfCycle * unit.lanes) +
                    costs::kCyclesOfScore),
      countCyclesOfKey());
}

//===----------------------------------------------------------------------===//
// Many rows
//===----------------------------------------------------------------------===//

AttentionCalls::Packed AttentionCalls::allocatePacked(Value heads, Value panels,
                                                      Value rows) {
  Value packedKeys =
      allocate(kernel.getPackedKeysType(), ValueRange{heads, panels});
  Value packedValues =
      allocate(kernel.getPackedValuesType(), ValueRange{heads, rows});
  return {packedKeys, packedValues};
}

void AttentionCalls::pack(Packed packed, Value slot, Value batch, Value head,
                          Value first, Value end) {
  if (functions.seen) {
    SmallVector<Value> asked = kernel.getBlockOperands();
    asked.append({keys, batch, head, rows});
    auto seen = func::CallOp::create(b, loc, functions.seen, asked);
    first = most(first, seen.getResult(0));
    end = most(least(end, seen.getResult(1)), first);
  }
  SmallVector<Value> arguments = kernel.getKeyOperands();
  arguments.append(
      {packed.keys, slot, batch, head,
       arith::DivUIOp::create(b, loc, first, constant(unit.columns())),
       ceilDiv(end, unit.columns())});
  func::CallOp::create(b, loc, functions.packKeys, arguments);
  func::CallOp::create(
      b, loc, functions.packValues,
      ValueRange{op.getValue(), packed.values, slot, batch, head, first, end});
}

AttentionCalls::Blocks AttentionCalls::divide() {
  Value count = ceilDiv(rows, getShape().blockRows);
  Value height = ceilDiv(rows, most(count, constant(1)));
  return {count, mul(ceilDiv(height, unit.rowStep()), unit.rowStep())};
}

void AttentionCalls::compute(Packed packed, Value slot, Value batch, Value head,
                             Blocks blocks, Value block) {
  Value begin = least(mul(block, blocks.height), rows);
  Value end = least(add(begin, blocks.height), rows);
  SmallVector<Value> arguments = kernel.getBlockOperands();
  arguments.append(
      {packed.keys, packed.values, slot, keys, batch, head, begin, end});
  func::CallOp::create(b, loc, functions.block, arguments);
}

//===----------------------------------------------------------------------===//
// Few rows
//===----------------------------------------------------------------------===//

Value AttentionCalls::takesFewRows(Value rows, Value keys) {
  if (!hasFewRows())
    return arith::ConstantIntOp::create(b, loc, b.getI1Type(), 0);
  const AttentionShape &shape = getShape();
  Value hasManyKeys = isLess(mul(rows, shape.packedKeys), keys);
  return arith::OrIOp::create(
      b, loc, isAtMost(rows, constant(shape.fewestRows)),
      arith::AndIOp::create(b, loc, isAtMost(rows, constant(shape.fewRows)),
                            hasManyKeys));
}

void AttentionCalls::computeFew(Value states, Value slot, Value chunk,
                                Value begin, Value end, Value batch,
                                Value head) {
  SmallVector<Value> arguments = kernel.getBlockOperands();
  arguments.append({op.getKey(), op.getValue(), states, slot, chunk, begin, end,
                    keys, batch, head, constant(0), rows});
  auto call = [&](func::FuncOp function) {
    func::CallOp::create(b, loc, function, arguments);
  };
  if (functions.one)
    choose(
        isAtMost(rows, constant(1)), [&] { call(functions.one); },
        [&] { call(functions.few); });
  else
    call(functions.few);
}

Value AttentionCalls::takesEachHead(Value areLong, Value tasks) {
  Value result = arith::AndIOp::create(
      b, loc, areLong, isAtMost(constant(costs::kEachHeadTasks), tasks));
  auto isNearer = [&](Value operand, Layout layout) {
    auto data = memref::ExtractStridedMetadataOp::create(b, loc, operand);
    auto strides = data.getConstifiedMixedStrides();
    auto stride = [&](unsigned dim) {
      return getValueOrCreateConstantIndexOp(b, loc, strides[dim]);
    };
    Value nearer =
        isLess(stride(getHeadDim(layout)), stride(getSequenceDim(layout)));
    result = arith::AndIOp::create(b, loc, result, nearer);
  };
  isNearer(op.getKey(), op.getKeyLayout());
  isNearer(op.getValue(), op.getValueLayout());
  return result;
}

void AttentionCalls::computeEachHead(Value states, Value slot, Value stride,
                                     Value chunk, Value begin, Value end,
                                     Value batch) {
  SmallVector<Value> arguments = kernel.getBlockOperands();
  arguments.append({op.getKey(), op.getValue(), states, slot, chunk, begin, end,
                    keys, batch, stride});
  func::CallOp::create(b, loc, functions.each, arguments);
}

void AttentionCalls::merge(Value states, Value slot, Value chunks, Value batch,
                           Value head) {
  SmallVector<Value> arguments = kernel.getBlockOperands();
  arguments.append({states, slot, chunks, batch, head, rows});
  func::CallOp::create(b, loc, functions.merge, arguments);
}
