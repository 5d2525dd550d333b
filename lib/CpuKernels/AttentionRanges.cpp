//===- AttentionRanges.cpp - which keys a tile of rows has to visit -------===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Most terms say from positions alone what a range of rows sees. For others the
// model's inputs say it: those search what they read, once a block of rows, and
// for each tile within what the block sees.
//
//===----------------------------------------------------------------------===//

#include "AttentionKernel.h"

#include "sextant/Sextant/IR/Sextant.h"
#include "sextant/Sextant/Transforms/VisibleKeys.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

using namespace mlir;
using namespace mlir::sextant;
using namespace mlir::sextant::cpu;

std::unique_ptr<Region>
AttentionKernel::lowerTerms(const DenseSet<unsigned> &without) {
  auto region = std::make_unique<Region>(op);
  IRMapping mapping;
  op.getScore().cloneInto(region.get(), mapping);
  unsigned number = 0;
  for (Operation &inner : llvm::make_early_inc_range(region->front())) {
    bool isLeftOut = without.contains(number++);
    OpBuilder b(&inner);
    Value score;
    if (auto term = dyn_cast<PositionTermOpInterface>(inner))
      score = isLeftOut ? term.getScore() : term.lower(b);
    else if (auto term = dyn_cast<ScalarTermOpInterface>(inner))
      score = term.lower(b);
    else
      continue;
    inner.getResult(0).replaceAllUsesWith(score);
    inner.erase();
  }
  readPieces(region->front());
  return region;
}

void AttentionKernel::prepareScore() {
  inertTerms.clear();
  hasRanges = hasInert = scoresTiles = false;
  if (isPlain)
    return;
  auto varyingOf = [&](Block &block) {
    SmallVector<BlockArgument> varying{block.getArgument(0),
                                       block.getArgument(4)};
    for (unsigned i = 0; i < op.getAuxiliaries().size(); ++i)
      if (isVarying(i))
        varying.push_back(block.getArgument(5 + i));
    llvm::append_range(varying, block.getArguments().take_back(pieces.size()));
    return varying;
  };
  buildRanges();
  allocatePieces();
  allocateWideTables();
  allocateDiagonals();
  full = lowerTerms({});
  fullScore = std::make_unique<ScoreVectorizer>(full->front(), unit.lanes,
                                                varyingOf(full->front()));
  scoresTiles = canScoreTiles();
  if (!hasInert)
    return;
  reduced = lowerTerms(inertTerms);
  reducedScore = std::make_unique<ScoreVectorizer>(reduced->front(), unit.lanes,
                                                   varyingOf(reduced->front()));
}

std::optional<TermPositions> AttentionKernel::findPositions(Value value) {
  return findPositions(value, hasOneHead());
}

std::optional<TermPositions> AttentionKernel::findPositions(Value value,
                                                            bool oneHead) {
  return sextant::findPositions(
      op.getScore().front(), value,
      [&](Value leaf) -> std::optional<TermPositions> {
        auto argument = dyn_cast<BlockArgument>(leaf);
        unsigned number = argument ? argument.getArgNumber() : 0;
        if (number == 0 || (number == 2 && !oneHead))
          return std::nullopt;
        if (number == 3)
          return TermPositions::row;
        if (number == 4)
          return TermPositions::column;
        if (number < 5 || number - 5 >= op.getAuxiliaries().size())
          return TermPositions::constant;
        number -= 5;
        return sextant::findPositions(
            cast<AuxiliaryAttr>(op.getRoles()[number]),
            cast<ShapedType>(op.getAuxiliaries()[number].getType()),
            /*oneEntry=*/true, oneHead);
      });
}

Value AttentionKernel::readAt(Value value, Value query, Value key) {
  auto argument = dyn_cast<BlockArgument>(value);
  if (!argument)
    return buildAgain(*builder, value, [&](Value operand) {
      return readAt(operand, query, key);
    });
  unsigned number = argument.getArgNumber();
  if (number < 5)
    return std::array<Value, 5>{Value(), add(batch, origin[0]),
                                add(head, origin[1]), query, key}[number];
  number -= 5;
  if (number >= auxiliaries.size())
    return captures[number - auxiliaries.size()];
  if (cast<AuxiliaryAttr>(op.getRoles()[number]).getNumFree())
    return auxiliaries[number];
  rowHead = head;
  rowQuery = query ? sub(query, origin[2]) : Value();
  return memref::LoadOp::create(
      *builder, loc, auxiliaries[number],
      auxiliaryIndices(number, key ? sub(key, origin[3]) : Value(), {}));
}

std::pair<Value, Value> AttentionKernel::buildKeyRange(Value first, Value last,
                                                       bool inert) {
  Value none = constant(0);
  if (isPlain)
    return {none, keyCount};
  Value firstQuery = add(rowBegin, first), lastQuery = add(rowBegin, last);
  if (isEachHead) {
    firstQuery = lastQuery = none;
  } else if (shape.group() > 1) {
    // Rows of several heads span all queries.
    auto split = [&](Value row) {
      return std::pair<Value, Value>{
          arith::DivUIOp::create(*builder, loc, row, queryCount),
          arith::RemUIOp::create(*builder, loc, row, queryCount)};
    };
    auto [firstHead, firstOf] = split(firstQuery);
    auto [lastHead, lastOf] = split(lastQuery);
    Value same = arith::CmpIOp::create(*builder, loc, arith::CmpIPredicate::eq,
                                       firstHead, lastHead);
    firstQuery = arith::SelectOp::create(*builder, loc, same, firstOf, none);
    lastQuery = arith::SelectOp::create(*builder, loc, same, lastOf,
                                        sub(queryCount, constant(1)));
  }
  Value from = origin[3], to = add(origin[3], keyCount);
  Value a = add(firstQuery, origin[2]), z = add(lastQuery, origin[2]);
  unsigned number = 0;
  Block &score = op.getScore().front();
  SmallVector<PositionTermOpInterface> hiding = findHidingTerms(score);
  for (Operation &inner : score.without_terminator()) {
    unsigned current = number++;
    auto term = dyn_cast<PositionTermOpInterface>(inner);
    // What a mask before a softcap hides is seen again behind it.
    if (!term || (!inert && !llvm::is_contained(hiding, term)))
      continue;
    auto ask = [&](Value value) {
      return findPositions(value) == TermPositions::constant
                 ? readAt(value, {}, {})
                 : Value();
    };
    std::optional<KeyRange> range =
        inert ? term.buildInertKeys(*builder, a, z, ask)
              : term.buildVisibleKeys(*builder, a, z, ask);
    if (!range)
      continue;
    if (inert) {
      inertTerms.insert(current);
      hasInert = true;
    } else {
      hasRanges = true;
    }
    from = maximum(from, range->first);
    to = minimum(to, range->end);
  }
  if (!inert) {
    // Behind what positions say, for it is read key by key.
    auto positions = [&](Value value) { return findPositions(value); };
    auto read = [&](Value value, Value query, Value key) {
      return readAt(value, query, key);
    };
    for (PositionTermOpInterface term : hiding) {
      KeyRange scanned{maximum(from, add(scanFirst, origin[3])),
                       minimum(to, add(scanEnd, origin[3]))};
      auto range = term.findVisibleKeys(*builder, a, z, scanned,
                                        TermData{positions, read});
      if (!range)
        continue;
      hasRanges = true;
      from = range->first;
      to = range->end;
    }
  }
  return {sub(from, origin[3]), sub(to, origin[3])};
}

void AttentionKernel::countTiles() {
  // Tiles of full height, and from `shortTiles` on shorter ones that come out
  // even.
  OpBuilder &b = *builder;
  int64_t step = unit.rowStep();
  paddedRows = maximum(mul(ceilDiv(sub(rowEnd, rowBegin), step), step),
                       constant(unit.shortRows));
  Value over = arith::RemUIOp::create(b, loc, paddedRows, constant(unit.rows));
  over = arith::RemUIOp::create(b, loc, sub(constant(unit.rows), over),
                                constant(unit.rows));
  Value missing = arith::DivUIOp::create(b, loc, over, constant(step));
  shortTiles = sub(paddedRows, mul(missing, unit.shortRows));
}

void AttentionKernel::prepareRanges() {
  // With `uniform`, a row that sees nothing is the average over all keys, also
  // those that no row sees: nothing is left out unless every row sees itself.
  skips = true;
  unlimited = Value();
  if (!uniformRows)
    return;
  for (Operation &inner : op.getScore().front().without_terminator()) {
    auto term = dyn_cast<PositionTermOpInterface>(inner);
    bool leavesOwnKey = term && (term.getSummary().action != TermAction::hide ||
                                 term.getSummary().keepsOwnPosition);
    skips &= leavesOwnKey;
  }
  if (!skips)
    return;
  Value from = sub(origin[2], origin[3]);
  Value inside = arith::AndIOp::create(
      *builder, loc, less(constant(-1), from),
      less(add(from, sub(queryCount, constant(1))), keyCount));
  unlimited = arith::XOrIOp::create(
      *builder, loc, inside,
      arith::ConstantIntOp::create(*builder, loc, builder->getI1Type(), 1));
}

std::pair<Value, Value> AttentionKernel::buildVisited(Value first, Value last) {
  if (!skips)
    return {constant(0), keyCount};
  auto [from, to] = buildKeyRange(first, last, false);
  if (unlimited) {
    from = arith::SelectOp::create(*builder, loc, unlimited, constant(0), from);
    to = arith::SelectOp::create(*builder, loc, unlimited, keyCount, to);
  }
  return {from, to};
}

void AttentionKernel::buildRanges() {
  Value last = sub(sub(rowEnd, rowBegin), constant(1));
  std::tie(inertFirst, inertEnd) = buildKeyRange(constant(0), last, true);
  prepareRanges();
  std::tie(blockFirst, blockEnd) = buildVisited(constant(0), last);
  // Tiles of the block see no more than it does.
  scanFirst = maximum(scanFirst, blockFirst);
  scanEnd = maximum(minimum(scanEnd, blockEnd), scanFirst);
  if (!hasRanges || few)
    return;
  forEachTile([&](int64_t rows, Value row) {
    auto range = buildVisited(row, minimum(add(row, constant(rows - 1)), last));
    for (int64_t r = 0; r < rows; ++r)
      memref::StoreOp::create(*builder, loc, range.second, limits,
                              add(row, constant(r)));
  });
}

func::FuncOp AttentionKernel::buildSeenKeys(OpBuilder &b) {
  if (isPlain)
    return nullptr;
  builder = &b;
  few = isEachHead = false;
  SmallVector<Type> types;
  for (Value operand : getBlockOperands())
    types.push_back(operand.getType());
  types.append(4, b.getIndexType());
  func::FuncOp function = createFunction("sextant_seen_keys", types);
  function.setType(
      b.getFunctionType(types, {b.getIndexType(), b.getIndexType()}));
  OpBuilder::InsertionGuard guard(b);
  Block *entry = function.addEntryBlock();
  b.setInsertionPointToStart(entry);
  auto argument = entry->args_begin();
  bindOperands(entry, argument);
  keyCount = *argument++;
  batch = *argument++;
  head = *argument++;
  rowBegin = constant(0);
  rowEnd = *argument++;
  loadOrigin();
  hasRanges = hasInert = false;
  scanFirst = constant(0);
  scanEnd = keyCount;
  prepareRanges();
  auto [from, to] = buildVisited(constant(0), sub(rowEnd, constant(1)));
  if (!hasRanges) {
    function.erase();
    return nullptr;
  }
  // Blocks start where panels do.
  Value end = maximum(minimum(to, keyCount), constant(0));
  Value begin = minimum(maximum(from, constant(0)), end);
  begin = mul(arith::DivUIOp::create(b, loc, begin, constant(width)), width);
  func::ReturnOp::create(b, loc, ValueRange{begin, end});
  return function;
}

Value AttentionKernel::keysOfTile(Value row, Value keyBegin, Value keyEnd) {
  Value end = keyEnd;
  // Few rows see nearly the same keys.
  if (hasRanges && !few)
    end = minimum(end, memref::LoadOp::create(*builder, loc, limits, row));
  return sub(end, keyBegin);
}
