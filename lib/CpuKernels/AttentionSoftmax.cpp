//===- AttentionSoftmax.cpp - softmax of one row over one block of keys ---===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

//
// Two passes over a row of the score tile, which lies in the first-level
// cache: the score region and the maximum, then exponentials and their sum. A
// splat hoisted out of one long loop would not stay in a register, hence two.
// Where all terms that hide keys do nothing, the region runs without them.
//
//===----------------------------------------------------------------------===//

#include "AttentionKernel.h"
#include "VectorMath.h"

#include "sextant/Sextant/IR/Sextant.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

#include <limits>

using namespace mlir;
using namespace mlir::sextant;
using namespace mlir::sextant::cpu;

static constexpr double kInfinity = std::numeric_limits<double>::infinity();

//===----------------------------------------------------------------------===//
// Scores and their maximum
//===----------------------------------------------------------------------===//

Value AttentionKernel::buildScore(ScoreVectorizer &score, Value x,
                                  Value keyBegin, Value column, Value left) {
  OpBuilder &b = *builder;
  Region *region = &score == fullScore.get() ? full.get() : reduced.get();
  Value firstKey = add(keyBegin, column);
  IRMapping mapping;
  mapping.map(region->getArgument(0), x);
  IntegerType positions = score.getPositionType();
  auto type = VectorType::get({unit.lanes}, positions);
  Value position =
      arith::IndexCastOp::create(b, loc, positions, add(firstKey, origin[3]));
  SmallVector<Attribute> lanes;
  for (int64_t lane = 0; lane < unit.lanes; ++lane)
    lanes.push_back(b.getIntegerAttr(positions, lane));
  Value iota = arith::ConstantOp::create(b, loc, type,
                                         DenseElementsAttr::get(type, lanes));
  Value keys = arith::AddIOp::create(
      b, loc, vector::BroadcastOp::create(b, loc, type, position), iota);
  // Behind the last key there may be no entry of a table.
  if (left) {
    Value last = arith::IndexCastOp::create(
        b, loc, positions, add(sub(keyCount, constant(1)), origin[3]));
    keys = arith::MinSIOp::create(
        b, loc, keys, vector::BroadcastOp::create(b, loc, type, last));
  }
  mapping.map(region->getArgument(4), keys);
  for (unsigned i = 0; i < auxiliaries.size(); ++i) {
    BlockArgument argument = region->getArgument(5 + i);
    if (!isVarying(i) || argument.use_empty())
      continue;
    Value value = loadAuxiliary(i, keyBegin, column, left);
    Type element = getElementTypeOrSelf(value.getType());
    if (element.isIndex())
      value = arith::IndexCastOp::create(b, loc, type, value);
    else if (element.isInteger(64) && positions.getWidth() == 32)
      value = arith::TruncIOp::create(b, loc, type, value);
    mapping.map(argument, value);
  }
  for (auto [piece, argument] :
       llvm::zip(pieces, region->getArguments().take_back(pieces.size())))
    mapping.map(argument, vector::LoadOp::create(
                              b, loc, vectorType, piece.row,
                              add(column, constant(PiecewiseOp::padding))));
  return score.build(b, loc, mapping,
                     left ? Value() : add(firstKey, origin[3]));
}

SmallVector<Value> AttentionKernel::buildScores(Value row, Value keyBegin,
                                                Value panel,
                                                ScoreVectorizer *score,
                                                Value tailCount,
                                                ValueRange running) {
  OpBuilder &b = *builder;
  SmallVector<Value> maximumOf(running);
  for (int64_t v = 0; v < unit.vectors; ++v) {
    Value column = add(mul(panel, width), constant(v * unit.lanes));
    Value place = column;
    Value x = vector::LoadOp::create(b, loc, vectorType, scores,
                                     ValueRange{row, place});
    Value left;
    if (tailCount)
      left = sub(tailCount, constant(v * unit.lanes));
    bool changed = tailCount != Value();
    // A masked store, which LLVM makes of a selection between what is stored
    // already and something else, takes many times as long as a whole one.
    if (score ? score->selectsScore() : changed)
      x = arith::AddFOp::create(b, loc, x, constantOf(vectorType, 0.0));
    if (score) {
      x = buildScore(*score, x, keyBegin, column, left);
      changed = true;
    }
    if (uniformRows && (!scoresTiles || tailCount))
      x = buildGreater(
          b, loc, constantOf(vectorType, -std::numeric_limits<float>::max()),
          x);
    if (tailCount) {
      Value mask = vector::CreateMaskOp::create(
          b, loc, VectorType::get({unit.lanes}, b.getI1Type()),
          maximum(left, constant(0)));
      x = arith::SelectOp::create(b, loc, mask, x,
                                  constantOf(vectorType, -kInfinity));
    }
    if (changed || (uniformRows && !scoresTiles))
      vector::StoreOp::create(b, loc, x, scores, ValueRange{row, place});
    maximumOf[v] = buildGreater(b, loc, x, maximumOf[v]);
  }
  return maximumOf;
}

SmallVector<Value> AttentionKernel::buildMaximumLoop(Value row, Value keyBegin,
                                                     Value lower, Value upper,
                                                     ScoreVectorizer *score,
                                                     ValueRange running) {
  auto loop =
      scf::ForOp::create(*builder, loc, lower, upper, constant(1), running);
  keepAsWritten(loop);
  OpBuilder::InsertionGuard guard(*builder);
  builder->setInsertionPointToStart(loop.getBody());
  scf::YieldOp::create(*builder, loc,
                       buildScores(row, keyBegin, loop.getInductionVar(), score,
                                   {}, loop.getRegionIterArgs()));
  return loop.getResults();
}

std::pair<Value, Value> AttentionKernel::getNearPanels(AuxiliaryAttr roles,
                                                       Value entries,
                                                       Value keyBegin) {
  auto [before, behind] = getNearKeys(roles, entries, keyBegin);
  return {arith::DivUIOp::create(*builder, loc, maximum(before, constant(0)),
                                 constant(width)),
          ceilDiv(maximum(behind, constant(0)), width)};
}

SmallVector<Value> AttentionKernel::buildMaximumLoops(Value row, Value keyBegin,
                                                      Value lower, Value upper,
                                                      ScoreVectorizer *score,
                                                      ValueRange running) {
  OpBuilder &b = *builder;
  Value first, end;
  DenseMap<unsigned, Value> entriesOf;
  for (unsigned i = 0; score && i < auxiliaries.size(); ++i) {
    if (!isTableByDistance(i))
      continue;
    auto roles = cast<AuxiliaryAttr>(op.getRoles()[i]);
    Value entries = memref::DimOp::create(b, loc, auxiliaries[i],
                                          int64_t(*roles.getEntryDim()));
    entriesOf[i] = entries;
    auto [ownFirst, ownEnd] = getNearPanels(roles, entries, keyBegin);
    first = first ? minimum(first, ownFirst) : ownFirst;
    end = end ? maximum(end, ownEnd) : ownEnd;
  }
  if (!first)
    return buildMaximumLoop(row, keyBegin, lower, upper, score, running);
  first = minimum(maximum(first, lower), upper);
  end = minimum(maximum(end, first), upper);
  SmallVector<Value> result(running);
  Value bounds[] = {lower, first, end, upper};
  for (int part : {0, 1, 2}) {
    if (part != 1)
      for (auto [number, entries] : entriesOf)
        farEntries[number] = memref::LoadOp::create(
            b, loc, auxiliaries[number],
            auxiliaryIndices(number, {},
                             part == 0 ? constant(0)
                                       : sub(entries, constant(1))));
    result = buildMaximumLoop(row, keyBegin, bounds[part], bounds[part + 1],
                              score, result);
    farEntries.clear();
  }
  return result;
}

//===----------------------------------------------------------------------===//
// The row
//===----------------------------------------------------------------------===//

SmallVector<Value> AttentionKernel::buildWeights(ArrayRef<Value> differences) {
  OpBuilder &b = *builder;
  SmallVector<Value> exponents(differences);
  if (!isBaseTwo)
    for (Value &exponent : exponents)
      exponent = arith::MulFOp::create(
          b, loc, exponent,
          constantOf(exponent.getType(), llvm::numbers::log2e));
  return buildExp2(b, loc, exponents);
}

Value AttentionKernel::buildMaximum(Value row, Value keyBegin, Value count) {
  OpBuilder &b = *builder;
  Value whole = arith::DivUIOp::create(b, loc, count, constant(width));
  Value rest = arith::RemUIOp::create(b, loc, count, constant(width));
  if (!isPlain && !scoresTiles) {
    buildUniform(row);
    buildPieces(keyBegin, count);
  }

  SmallVector<Value> running(unit.vectors, constantOf(vectorType, -kInfinity));
  if (scoresTiles) {
    running =
        buildMaximumLoop(row, keyBegin, constant(0), whole, nullptr, running);
  } else if (!hasInert) {
    running = buildMaximumLoops(row, keyBegin, constant(0), whole,
                                fullScore.get(), running);
  } else {
    // Panels on which everything acts, then without the inert terms, then
    // everything again.
    Value from = maximum(sub(inertFirst, keyBegin), constant(0));
    Value to = maximum(sub(inertEnd, keyBegin), constant(0));
    Value first = minimum(ceilDiv(minimum(from, count), width), whole);
    Value second = minimum(
        arith::DivUIOp::create(b, loc, minimum(to, count), constant(width)),
        whole);
    second = maximum(second, first);
    // Where nothing but those terms is left, the scores are what they are.
    ScoreVectorizer *inner = reducedScore.get();
    if (reduced->front().getTerminator()->getOperand(0) ==
        reduced->getArgument(0))
      inner = nullptr;
    running = buildMaximumLoops(row, keyBegin, first, second, inner, running);
    auto ends = scf::ForOp::create(b, loc, constant(0), constant(2),
                                   constant(1), running);
    {
      OpBuilder::InsertionGuard guard(b);
      b.setInsertionPointToStart(ends.getBody());
      Value isPrefix =
          arith::CmpIOp::create(b, loc, arith::CmpIPredicate::eq,
                                ends.getInductionVar(), constant(0));
      Value lower =
          arith::SelectOp::create(b, loc, isPrefix, constant(0), second);
      Value upper = arith::SelectOp::create(b, loc, isPrefix, first, whole);
      scf::YieldOp::create(b, loc,
                           buildMaximumLoop(row, keyBegin, lower, upper,
                                            fullScore.get(),
                                            ends.getRegionIterArgs()));
    }
    keepAsWritten(ends);
    running = ends.getResults();
  }
  SmallVector<Type> types(unit.vectors, vectorType);
  Value hasRest = less(constant(0), rest);
  auto tail = scf::IfOp::create(b, loc, types, hasRest, true);
  {
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(tail.thenBlock());
    if (scoresTiles)
      buildUniform(row);
    scf::YieldOp::create(
        b, loc,
        buildScores(row, keyBegin, whole, fullScore.get(), rest, running));
    b.setInsertionPointToStart(tail.elseBlock());
    scf::YieldOp::create(b, loc, running);
  }
  running = tail.getResults();
  auto greater = [&](Value lhs, Value rhs) {
    return buildGreater(b, loc, lhs, rhs);
  };
  Value peak = running[0];
  for (Value other : ArrayRef(running).drop_front())
    peak = greater(peak, other);
  peak = reduceLanes(b, loc, peak, greater);

  Value former = memref::LoadOp::create(b, loc, maxima, row);
  Value moved =
      arith::CmpFOp::create(b, loc, arith::CmpFPredicate::OGT, peak, former);
  Value current = arith::SelectOp::create(b, loc, moved, peak, former);
  // Nothing visible yet: any finite number keeps -inf - -inf away.
  Value hidden =
      arith::CmpFOp::create(b, loc, arith::CmpFPredicate::OEQ, current,
                            constantOf(b.getF32Type(), -kInfinity));
  Value safe = arith::SelectOp::create(
      b, loc, hidden, constantOf(b.getF32Type(), 0.0), current);
  Value base = vector::BroadcastOp::create(b, loc, vectorType, safe);
  buildIf(moved,
          [&] { memref::StoreOp::create(b, loc, current, maxima, row); });
  // Before the first visible key there is nothing to scale.
  Value hadKeys =
      arith::CmpFOp::create(b, loc, arith::CmpFPredicate::ONE, former,
                            constantOf(b.getF32Type(), -kInfinity));
  buildIf(arith::AndIOp::create(b, loc, moved, hadKeys), [&] {
    Value old = vector::BroadcastOp::create(b, loc, vectorType, former);
    Value step = arith::SubFOp::create(b, loc, old, base);
    Value factor = buildWeights(step)[0];
    Value scalar =
        vector::ExtractOp::create(b, loc, factor, ArrayRef<int64_t>{0});
    Value sum = memref::LoadOp::create(b, loc, sums, row);
    memref::StoreOp::create(b, loc, arith::MulFOp::create(b, loc, sum, scalar),
                            sums, row);
    forEach(constant(0), constant(getColumns() + getHistogramColumns()),
            unit.lanes, [&](Value column) {
              Value vector = vector::LoadOp::create(
                  b, loc, vectorType, accumulator, ValueRange{row, column});
              vector::StoreOp::create(
                  b, loc, arith::MulFOp::create(b, loc, vector, factor),
                  accumulator, ValueRange{row, column});
            });
  });

  return base;
}

void AttentionKernel::buildSoftmax(Value row, Value keyBegin, Value count) {
  OpBuilder &b = *builder;
  Value base = buildMaximum(row, keyBegin, count);
  auto sumOf = [&](Value lhs, Value rhs) -> Value {
    return arith::AddFOp::create(b, loc, lhs, rhs);
  };
  auto buildPowers = [&](Value lower, Value upper) -> Value {
    auto loop = scf::ForOp::create(b, loc, lower, upper, constant(1),
                                   constantOf(vectorType, 0.0));
    keepAsWritten(loop);
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(loop.getBody());
    Value column = mul(loop.getInductionVar(), width);
    // What the next row reads comes closer while this one computes.
    if (!scoresTiles)
      prefetchAuxiliaries(1, add(row, constant(1)), add(keyBegin, column),
                          /*locality=*/3);
    SmallVector<Value> exponents, places;
    for (int64_t v = 0; v < unit.vectors; ++v) {
      places.push_back(add(column, constant(v * unit.lanes)));
      Value x = vector::LoadOp::create(b, loc, vectorType, scores,
                                       ValueRange{row, places.back()});
      exponents.push_back(arith::SubFOp::create(b, loc, x, base));
    }
    Value sum = loop.getRegionIterArg(0);
    for (auto [power, place] : llvm::zip(buildWeights(exponents), places)) {
      vector::StoreOp::create(b, loc, power, scores, ValueRange{row, place});
      sum = sumOf(sum, power);
    }
    scf::YieldOp::create(b, loc, sum);
    return loop.getResult(0);
  };
  auto reduce = [&](Value vector) {
    return reduceLanes(b, loc, vector, sumOf);
  };
  Value panels = ceilDiv(count, width), total;
  if (!valueTable || op.getValueLabels()) {
    total = buildPowers(constant(0), panels);
  } else {
    // What is before or behind the table is summed apart.
    AuxiliaryAttr roles = *op.getValueTableRoles();
    int64_t entries =
        cast<ShapedType>(valueTable.getType()).getDimSize(*roles.getEntryDim());
    std::tie(rowHead, rowQuery) = headAndQuery(row);
    auto [first, end] = getNearPanels(roles, constant(entries), keyBegin);
    first = minimum(first, panels);
    end = minimum(maximum(end, first), panels);
    Value before = buildPowers(constant(0), first);
    Value near = buildPowers(first, end);
    Value behind = buildPowers(end, panels);
    memref::StoreOp::create(b, loc, mul(first, width), nearFirst, row);
    memref::StoreOp::create(b, loc, mul(end, width), nearEnd, row);
    if (roles.getBeyond() == Beyond::clamp) {
      addToEntry(row, constant(getColumns()), reduce(before));
      addToEntry(row, constant(getColumns() + entries - 1), reduce(behind));
    }
    total = sumOf(sumOf(before, near), behind);
  }
  Value sum = memref::LoadOp::create(b, loc, sums, row);
  memref::StoreOp::create(b, loc, sumOf(sum, reduce(total)), sums, row);
}
