//===- LinearKernel.cpp - the function behind sextant_cpu.linear ----------===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

//
// The blocks are those of any good matrix product: a block of k so long that
// the rows of the task fit the second-level cache, under it the panels of the
// task, under those the rows in register tiles. A panel comes from the second
// level for each tile: that takes a quarter of the time of its FMAs, and sums
// that stay in registers for long are worth more than a panel in the first.
// What is special: the weight lies in panels already, x is read where it is
// (six rows at a time need no packing), and rows that are not a multiple of the
// tile are shared out so that the last two tiles are nearly as tall as the
// others.
//
//===----------------------------------------------------------------------===//

#include "LinearKernel.h"

#include "Costs.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace mlir::sextant::cpu;

/// Steps that the inner loop takes at once.
static constexpr int64_t kUnroll = 4;

/// Panels that few rows meet side by side, as far as their sums fit in
/// registers: each is a stream of its own, of which the hardware follows only
/// one to the end of its page. Four took a fifth less time to read 64 MiB. They
/// lie as far apart as can be, so that each goes on where it ended.
static int64_t panelsTogether(int64_t rows) {
  return rows == 1 ? 4 : rows == 2 ? 2 : 1;
}

LinearShape LinearShape::of(LinearOp op) {
  auto withDynamicRows = [](Value value) {
    auto type = cast<MemRefType>(value.getType());
    return MemRefType::get({ShapedType::kDynamic, type.getDimSize(1)},
                           type.getElementType(), type.getLayout(),
                           type.getMemorySpace());
  };
  LinearShape shape;
  shape.depth = op.getDepth();
  shape.columns = op.getColumns();
  shape.x = withDynamicRows(op.getX());
  shape.panels = cast<MemRefType>(op.getPanels().getType());
  if (op.getBias())
    shape.bias = cast<MemRefType>(op.getBias().getType());
  shape.y = withDynamicRows(op.getInit());
  return shape;
}

namespace {
/// Writes the body of one kernel.
class LinearKernel {
public:
  LinearKernel(OpBuilder &builder, Location loc, const LinearShape &shape,
               const VectorUnit &unit)
      : b(builder), loc(loc), shape(shape), unit(unit) {}

  func::FuncOp build();

private:
  Value constant(int64_t value) {
    return arith::ConstantIndexOp::create(b, loc, value);
  }
  Value add(Value lhs, Value rhs) {
    return arith::AddIOp::create(b, loc, lhs, rhs);
  }
  /// Runs `body` on every panel; the one whose end is padding gets a body of
  /// its own, since it may not store it.
  /// Others come `together` at a time, as far as that goes: then `distance` is
  /// from one to the next.
  void forEachPanel(
      int64_t together,
      function_ref<void(Value panel, int64_t columns, Value distance)> body);
  /// All rows against a block of k of a panel.
  void buildRows(Value panel, int64_t columns, Value lower, Value upper);
  /// A few rows against all of each panel: its bytes are what takes the time.
  void buildFewRows();
  /// Calls `body` with a constant for the value of `rows`.
  void switchOnRows(Value rows, int64_t from, int64_t to,
                    function_ref<void(int64_t)> body);
  void buildTile(int64_t rows, int64_t columns, Value row, Value panel,
                 Value lower, Value upper, int64_t stepsMultipleOf,
                 bool fewRows, int64_t panels = 1, Value distance = {});
  Value loadColumns(Value from, ValueRange indices, int64_t columns);
  void storeColumns(Value value, ValueRange indices, int64_t columns);
  Value maskOf(int64_t columns);
  /// Steps of a block of k.
  int64_t blockLength() const {
    int64_t blocks = llvm::divideCeil(shape.depth, costs::kLinearBlockDepth);
    return llvm::alignTo(llvm::divideCeil(shape.depth, blocks), kUnroll);
  }
  /// Where in `flatPanels` the tile at `row` should start to prefetch.
  Value nextBlock(Value row, Value panel, Value lower, Value upper);

  OpBuilder &b;
  Location loc;
  const LinearShape &shape;
  const VectorUnit &unit;
  Value x, panels, flatPanels, bias, y, rowBegin, rowEnd, panelBegin, panelEnd;
};
} // namespace

Value LinearKernel::maskOf(int64_t columns) {
  auto type = VectorType::get({unit.lanes}, b.getI1Type());
  SmallVector<bool> bits(unit.lanes, false);
  std::fill_n(bits.begin(), columns, true);
  return arith::ConstantOp::create(b, loc, type,
                                   DenseElementsAttr::get(type, bits));
}

Value LinearKernel::loadColumns(Value from, ValueRange indices,
                                int64_t columns) {
  VectorType type = unit.vectorType(b.getContext());
  if (columns >= unit.lanes)
    return vector::LoadOp::create(b, loc, type, from, indices);
  Value zero = arith::ConstantOp::create(b, loc, type, b.getZeroAttr(type));
  if (columns <= 0)
    return zero;
  return vector::MaskedLoadOp::create(b, loc, type, from, indices,
                                      maskOf(columns), zero);
}

void LinearKernel::storeColumns(Value value, ValueRange indices,
                                int64_t columns) {
  if (columns >= unit.lanes)
    vector::StoreOp::create(b, loc, value, y, indices);
  else if (columns > 0)
    vector::MaskedStoreOp::create(b, loc, y, indices, maskOf(columns), value);
}

void LinearKernel::buildTile(int64_t rows, int64_t columns, Value row,
                             Value panel, Value lower, Value upper,
                             int64_t stepsMultipleOf, bool fewRows,
                             int64_t panelsAtOnce, Value distance) {
  // Offsets within these two views are constants plus k, so that the loop
  // needs one register for each.
  Value depth = arith::SubIOp::create(b, loc, upper, lower);
  OpFoldResult one = b.getIndexAttr(1), zeroAttr = b.getIndexAttr(0);
  Value left = memref::SubViewOp::create(
      b, loc, x, ArrayRef<OpFoldResult>{row, lower},
      ArrayRef<OpFoldResult>{b.getIndexAttr(rows), depth},
      ArrayRef<OpFoldResult>{one, one});
  int64_t width = shape.panels.getDimSize(2);
  auto rightType =
      cast<MemRefType>(memref::SubViewOp::inferRankReducedResultType(
          {ShapedType::kDynamic, width}, shape.panels,
          ArrayRef<OpFoldResult>{panel, lower, zeroAttr},
          ArrayRef<OpFoldResult>{one, depth, b.getIndexAttr(width)},
          ArrayRef<OpFoldResult>{one, one, one}));
  SmallVector<Value> right, firstColumns;
  for (int64_t p = 0; p < panelsAtOnce; ++p) {
    right.push_back(memref::SubViewOp::create(
        b, loc, rightType, panels,
        ArrayRef<OpFoldResult>{panel, lower, zeroAttr},
        ArrayRef<OpFoldResult>{one, depth, b.getIndexAttr(width)},
        ArrayRef<OpFoldResult>{one, one, one}));
    firstColumns.push_back(
        arith::MulIOp::create(b, loc, panel, constant(width)));
    if (distance)
      panel = add(panel, distance);
  }
  int64_t vectors = unit.vectors * panelsAtOnce;

  VectorType type = unit.vectorType(b.getContext());
  auto columnOf = [&](int64_t v) {
    Value first = firstColumns[v / unit.vectors];
    v %= unit.vectors;
    return v ? add(first, constant(v * unit.lanes)) : first;
  };
  auto leftOf = [&](int64_t v) {
    return columns - v % unit.vectors * unit.lanes;
  };

  auto loadLeft = [&](OpBuilder &b, Location loc, int64_t r, Value k) -> Value {
    return memref::LoadOp::create(b, loc, left, ValueRange{constant(r), k});
  };
  auto loadRight = [&](OpBuilder &b, Location loc, int64_t v,
                       Value k) -> Value {
    Value column = constant(v % unit.vectors * unit.lanes);
    return vector::LoadOp::create(b, loc, type, right[v / unit.vectors],
                                  ValueRange{k, column});
  };
  // The rows of y lie pages apart, where no hardware prefetcher finds them.
  if (!fewRows)
    for (int64_t r = 0; r < rows; ++r)
      memref::PrefetchOp::create(
          b, loc, y, ValueRange{add(row, constant(r)), firstColumns[0]},
          /*isWrite=*/true, /*localityHint=*/3,
          /*isDataCache=*/true);
  // Each step fetches a line of the block of weights that comes next, until
  // the first few tiles have fetched all of it.
  Value prefetch;
  if (flatPanels && rows == unit.rows)
    prefetch = nextBlock(row, panel, lower, upper);
  auto onStep = [&](OpBuilder &b, Location loc, Value k) {
    Value ahead = arith::MulIOp::create(b, loc, k, constant(width / kUnroll));
    memref::PrefetchOp::create(b, loc, flatPanels, add(prefetch, ahead),
                               /*isWrite=*/false, /*localityHint=*/2,
                               /*isDataCache=*/true);
  };
  RegisterTile tile{rows, vectors, unit.lanes};
  tile.stepsMultipleOf = stepsMultipleOf;
  tile.loadLeft = loadLeft;
  if (prefetch)
    tile.onStep = onStep;
  tile.loadRight = loadRight;
  // An FMA takes four cycles and two start in each: eight sums keep them busy.
  // The panels left over of those taken together add up in the same order.
  if (rows * vectors < 8 && !(fewRows && panelsTogether(rows) > 1))
    tile.partialSums = rows * vectors <= 2 ? 4 : 2;
  SmallVector<Value> sums = tile.build(b, loc, constant(0), depth, {});

  // The first block adds the bias, the others what is there. Adding it after
  // the loop lets the processor start the next tile meanwhile.
  auto forEachVector = [&](function_ref<Value(int64_t, int64_t)> fetch) {
    SmallVector<Value> values;
    for (int64_t r = 0; r < rows; ++r)
      for (int64_t v = 0; v < vectors; ++v)
        values.push_back(
            arith::AddFOp::create(b, loc, sums[r * vectors + v], fetch(r, v)));
    return values;
  };
  auto addBias = [&]() -> SmallVector<Value> {
    if (!bias)
      return sums;
    SmallVector<Value> row;
    for (int64_t v = 0; v < vectors; ++v)
      row.push_back(loadColumns(bias, columnOf(v), leftOf(v)));
    return forEachVector([&](int64_t, int64_t v) { return row[v]; });
  };
  if (fewRows || shape.depth <= costs::kLinearBlockDepth) {
    sums = addBias();
  } else {
    Value first = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::eq, lower,
                                        constant(0));
    SmallVector<Type> types(rows * vectors, type);
    auto choice = scf::IfOp::create(b, loc, types, first, /*withElse=*/true);
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(choice.thenBlock());
    scf::YieldOp::create(b, loc, addBias());
    b.setInsertionPointToStart(choice.elseBlock());
    scf::YieldOp::create(b, loc, forEachVector([&](int64_t r, int64_t v) {
                           return loadColumns(
                               y, {add(row, constant(r)), columnOf(v)},
                               leftOf(v));
                         }));
    sums = choice.getResults();
  }
  for (int64_t r = 0; r < rows; ++r)
    for (int64_t v = 0; v < vectors; ++v)
      storeColumns(sums[r * vectors + v], {add(row, constant(r)), columnOf(v)},
                   leftOf(v));
}

Value LinearKernel::nextBlock(Value row, Value panel, Value lower,
                              Value upper) {
  auto select = [&](Value which, Value yes, Value no) {
    return arith::SelectOp::create(b, loc, which, yes, no);
  };
  auto mul = [&](Value value, int64_t factor) {
    return arith::MulIOp::create(b, loc, value, constant(factor));
  };
  Value next = add(panel, constant(1)), line;
  auto isAt = [&](Value end) -> Value {
    return arith::CmpIOp::create(b, loc, arith::CmpIPredicate::eq, next, end);
  };
  if (shape.depth <= costs::kLinearBlockDepth) {
    // Behind the last panel of a task, that of another, which comes soon.
    line = mul(select(isAt(constant(shape.panelCount())), panelBegin, next),
               shape.depth);
  } else {
    Value last = isAt(panelEnd);
    line = add(mul(select(last, panelBegin, next), shape.depth),
               select(last, upper, lower));
  }
  // A tile fetches a quarter of a block, or a little less.
  int64_t length = blockLength();
  Value done = mul(arith::SubIOp::create(b, loc, row, rowBegin),
                   length / (kUnroll * unit.rows));
  done =
      arith::MinUIOp::create(b, loc, done, constant(length - length / kUnroll));
  return mul(add(line, done), shape.panels.getDimSize(2));
}

void LinearKernel::switchOnRows(Value rows, int64_t from, int64_t to,
                                function_ref<void(int64_t)> body) {
  SmallVector<int64_t> cases;
  for (int64_t r = from; r <= to; ++r)
    cases.push_back(r);
  auto choice = scf::IndexSwitchOp::create(b, loc, TypeRange(), rows, cases,
                                           cases.size());
  OpBuilder::InsertionGuard guard(b);
  b.createBlock(&choice.getDefaultRegion());
  scf::YieldOp::create(b, loc);
  for (auto [rows, region] : llvm::zip(cases, choice.getCaseRegions())) {
    b.createBlock(&region);
    body(rows);
    scf::YieldOp::create(b, loc);
  }
}

void LinearKernel::forEachPanel(
    int64_t together,
    function_ref<void(Value panel, int64_t columns, Value distance)> body) {
  int64_t width = shape.panels.getDimSize(2);
  int64_t padded = shape.columns % width;
  Value full = panelEnd, from = panelBegin;
  if (padded)
    full = arith::MinUIOp::create(b, loc, panelEnd,
                                  constant(shape.panelCount() - 1));
  auto forEach = [&](Value end, Value distance) {
    auto loop = scf::ForOp::create(b, loc, from, end, constant(1));
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(loop.getBody());
    body(loop.getInductionVar(), width, distance);
  };
  if (together > 1) {
    Value distance = arith::DivUIOp::create(
        b, loc, arith::SubIOp::create(b, loc, full, from), constant(together));
    forEach(add(from, distance), distance);
    from =
        add(from, arith::MulIOp::create(b, loc, distance, constant(together)));
  }
  forEach(full, {});
  if (!padded)
    return;
  Value last =
      arith::CmpIOp::create(b, loc, arith::CmpIPredicate::ult, full, panelEnd);
  auto choice = scf::IfOp::create(b, loc, last);
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(choice.thenBlock());
  body(full, padded, {});
}

void LinearKernel::buildRows(Value panel, int64_t columns, Value lower,
                             Value upper) {
  // Steps of a block: all but the last have the same, so a multiple of four
  // needs both the length of a block and the whole depth to be one.
  int64_t multiple = shape.depth % 4 == 0 ? 4 : 1;
  Value rows = arith::SubIOp::create(b, loc, rowEnd, rowBegin);
  Value height = constant(unit.rows);
  // The last tile and a half: between rows and 2 * rows - 1 are cut in two
  // halves, less in one piece.
  Value over = arith::RemUIOp::create(b, loc, rows, height);
  Value isShort =
      arith::CmpIOp::create(b, loc, arith::CmpIPredicate::ult, over,
                            constant(llvm::divideCeil(unit.rows, 2) + 1));
  Value isOver = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::ne, over,
                                       constant(0));
  Value borrow = arith::AndIOp::create(b, loc, isShort, isOver);
  Value rest = arith::SelectOp::create(b, loc, borrow, add(over, height), over);
  Value main = arith::SubIOp::create(b, loc, rowEnd, rest);
  auto loop = scf::ForOp::create(b, loc, rowBegin, main, height);
  keepAsWritten(loop);
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(loop.getBody());
  buildTile(unit.rows, columns, loop.getInductionVar(), panel, lower, upper,
            multiple, /*fewRows=*/false);
  b.setInsertionPointAfter(loop);

  Value half = arith::CeilDivUIOp::create(b, loc, rest, constant(2));
  Value first = arith::SelectOp::create(b, loc, borrow, half, rest);
  auto tail = scf::WhileOp::create(
      b, loc, TypeRange{b.getIndexType(), b.getIndexType()},
      ValueRange{main, first},
      [&](OpBuilder &b, Location loc, ValueRange args) {
        Value more = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::ult,
                                           args[0], rowEnd);
        scf::ConditionOp::create(b, loc, more, args);
      },
      [&](OpBuilder &, Location, ValueRange) {});
  b.setInsertionPointToStart(tail.getAfterBody());
  Value row = tail.getAfterArguments()[0], count = tail.getAfterArguments()[1];
  switchOnRows(count, llvm::divideCeil(unit.rows, 2), unit.rows - 1,
               [&](int64_t rows) {
                 buildTile(rows, columns, row, panel, lower, upper, multiple,
                           /*fewRows=*/false);
               });
  Value next = add(row, count);
  scf::YieldOp::create(
      b, loc, ValueRange{next, arith::SubIOp::create(b, loc, rowEnd, next)});
}

void LinearKernel::buildFewRows() {
  Value rows = arith::SubIOp::create(b, loc, rowEnd, rowBegin);
  switchOnRows(rows, 1, unit.rows - 1, [&](int64_t rows) {
    forEachPanel(panelsTogether(rows),
                 [&](Value panel, int64_t columns, Value distance) {
                   buildTile(rows, columns, rowBegin, panel, constant(0),
                             constant(shape.depth), shape.depth % 4 ? 1 : 4,
                             /*fewRows=*/true,
                             distance ? panelsTogether(rows) : 1, distance);
                 });
  });
}

func::FuncOp LinearKernel::build() {
  MLIRContext *context = b.getContext();
  Type index = b.getIndexType();
  SmallVector<Type> types{shape.x, shape.panels};
  if (shape.bias)
    types.push_back(shape.bias);
  types.push_back(shape.y);
  types.append(4, index);
  std::string name = ("sextant_linear_" + Twine(shape.depth) + "x" +
                      Twine(shape.columns) + (shape.bias ? "_bias" : ""))
                         .str();
  auto function =
      func::FuncOp::create(b, loc, name, FunctionType::get(context, types, {}));
  function.setPrivate();
  // One copy in the library, however many layers there are.
  function->setAttr("passthrough", b.getStrArrayAttr({"noinline"}));
  OpBuilder::InsertionGuard guard(b);
  Block *entry = function.addEntryBlock();
  b.setInsertionPointToStart(entry);
  auto argument = entry->args_begin();
  x = *argument++;
  panels = *argument++;
  if (shape.bias)
    bias = *argument++;
  y = *argument++;
  rowBegin = *argument++;
  rowEnd = *argument++;
  panelBegin = *argument++;
  panelEnd = *argument++;

  int64_t elements = shape.panels.getNumElements();
  if (shape.panels.getLayout().isIdentity())
    flatPanels = memref::ReinterpretCastOp::create(
        b, loc, MemRefType::get({elements}, b.getF32Type()), panels, 0,
        ArrayRef<int64_t>{elements}, ArrayRef<int64_t>{1});
  Value rows = arith::SubIOp::create(b, loc, rowEnd, rowBegin);
  Value few = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::ult, rows,
                                    constant(unit.rows));
  auto choice = scf::IfOp::create(b, loc, few, /*withElseRegion=*/true);
  b.setInsertionPointToStart(choice.thenBlock());
  buildFewRows();

  b.setInsertionPointToStart(choice.elseBlock());
  int64_t length = blockLength();
  auto loop = scf::ForOp::create(b, loc, constant(0), constant(shape.depth),
                                 constant(length));
  b.setInsertionPointToStart(loop.getBody());
  Value lower = loop.getInductionVar();
  Value upper = arith::MinUIOp::create(b, loc, add(lower, constant(length)),
                                       constant(shape.depth));
  forEachPanel(1, [&](Value panel, int64_t columns, Value) {
    buildRows(panel, columns, lower, upper);
  });
  b.setInsertionPointToEnd(entry);
  func::ReturnOp::create(b, loc);
  return function;
}

func::FuncOp mlir::sextant::cpu::buildLinearKernel(OpBuilder &builder,
                                                   Location loc,
                                                   const LinearShape &shape,
                                                   const VectorUnit &unit) {
  return LinearKernel(builder, loc, shape, unit).build();
}
