//===- LowerCpuKernels.cpp - kernel ops on buffers to calls of kernels ----===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "LinearKernel.h"

#include "sextant/CpuKernels/CpuKernels.h"
#include "sextant/CpuKernels/Passes.h"
#include "sextant/CpuKernels/RegisterTile.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/SymbolTable.h"
#include "llvm/Support/MathExtras.h"

namespace mlir::sextant {
#define GEN_PASS_DEF_LOWERCPUKERNELS
#include "sextant/CpuKernels/Passes.h.inc"
} // namespace mlir::sextant

using namespace mlir;
using namespace mlir::sextant;
using namespace mlir::sextant::cpu;

namespace {
struct LowerCpuKernels
    : public sextant::impl::LowerCpuKernelsBase<LowerCpuKernels> {
  using LowerCpuKernelsBase::LowerCpuKernelsBase;

  void runOnOperation() override;

private:
  func::FuncOp kernelFor(const LinearShape &shape, Location loc);
  LogicalResult lower(LinearOp op);

  VectorUnit unit;
  SmallVector<std::pair<LinearShape, func::FuncOp>> linears;
};
} // namespace

func::FuncOp LowerCpuKernels::kernelFor(const LinearShape &shape,
                                        Location loc) {
  for (auto &[known, function] : linears)
    if (known == shape)
      return function;
  OpBuilder builder(getOperation().getContext());
  func::FuncOp function = buildLinearKernel(builder, loc, shape, unit);
  SymbolTable(getOperation()).insert(function);
  linears.emplace_back(shape, function);
  return function;
}

LogicalResult LowerCpuKernels::lower(LinearOp op) {
  if (op.getPanelWidth() != unit.columns())
    return op.emitOpError("expects panels of ")
           << unit.columns() << " columns for " << vector << ", but got "
           << op.getPanelWidth();
  Location loc = op.getLoc();
  // Vectors are stored as they are: a destination with gaps gets a copy.
  if (!cast<MemRefType>(op.getInit().getType()).isLastDimUnitStride()) {
    OpBuilder b(op);
    Value init = op.getInit();
    Value rows = memref::DimOp::create(b, loc, init, 0);
    Value dense = memref::AllocOp::create(
        b, loc,
        MemRefType::get({ShapedType::kDynamic, op.getColumns()},
                        b.getF32Type()),
        rows);
    op.getInitMutable().assign(dense);
    b.setInsertionPointAfter(op);
    memref::CopyOp::create(b, loc, dense, init);
    memref::DeallocOp::create(b, loc, dense);
  }
  if (!cast<MemRefType>(op.getPanels().getType()).isLastDimUnitStride())
    return op.emitOpError("expects panels with contiguous rows, but got ")
           << op.getPanels().getType();
  LinearShape shape = LinearShape::of(op);
  func::FuncOp kernel = kernelFor(shape, loc);

  OpBuilder b(op);
  auto constant = [&](int64_t value) -> Value {
    return arith::ConstantIndexOp::create(b, loc, value);
  };
  auto withRows = [&](Value value, MemRefType type) -> Value {
    if (value.getType() == type)
      return value;
    return memref::CastOp::create(b, loc, type, value);
  };
  Value x = withRows(op.getX(), shape.x), y = withRows(op.getInit(), shape.y);

  // Blocks of rows of nearly equal length, so that no thread gets a stub.
  Value rows = memref::DimOp::create(b, loc, x, 0);
  Value blocks =
      arith::CeilDivUIOp::create(b, loc, rows, constant(kLinearBlockRows));
  Value atLeastOne = arith::MaxUIOp::create(b, loc, blocks, constant(1));
  Value tiles = arith::CeilDivUIOp::create(
      b, loc, arith::CeilDivUIOp::create(b, loc, rows, atLeastOne),
      constant(unit.rows));
  Value height = arith::MulIOp::create(b, loc, tiles, constant(unit.rows));
  int64_t groups = llvm::divideCeil(shape.panelCount(), kLinearBlockPanels);
  int64_t group = llvm::divideCeil(shape.panelCount(), groups);
  auto loop =
      scf::ParallelOp::create(b, loc, ValueRange{constant(0), constant(0)},
                              ValueRange{blocks, constant(groups)},
                              ValueRange{constant(1), constant(1)});
  b.setInsertionPointToStart(loop.getBody());
  Value rowBegin =
      arith::MulIOp::create(b, loc, loop.getInductionVars()[0], height);
  Value rowEnd = arith::MinUIOp::create(
      b, loc, arith::AddIOp::create(b, loc, rowBegin, height), rows);
  Value panelBegin = arith::MulIOp::create(b, loc, loop.getInductionVars()[1],
                                           constant(group));
  Value panelEnd = arith::MinUIOp::create(
      b, loc, arith::AddIOp::create(b, loc, panelBegin, constant(group)),
      constant(shape.panelCount()));
  // Rounding the height up can leave the last block without rows.
  rowBegin = arith::MinUIOp::create(b, loc, rowBegin, rowEnd);
  SmallVector<Value> arguments{x, op.getPanels()};
  if (op.getBias())
    arguments.push_back(op.getBias());
  arguments.append({y, rowBegin, rowEnd, panelBegin, panelEnd});
  func::CallOp::create(b, loc, kernel, arguments);
  op.erase();
  return success();
}

void LowerCpuKernels::runOnOperation() {
  std::optional<VectorUnit> known = VectorUnit::byName(vector);
  if (!known) {
    emitError(getOperation().getLoc(),
              "expects vector unit avx2, avx512 or neon, but got '")
        << vector << "'";
    return signalPassFailure();
  }
  unit = *known;
  linears.clear();
  SmallVector<LinearOp> found;
  getOperation().walk([&](LinearOp op) {
    if (isa<MemRefType>(op.getInit().getType()))
      found.push_back(op);
  });
  for (LinearOp op : found)
    if (failed(lower(op)))
      return signalPassFailure();
}
