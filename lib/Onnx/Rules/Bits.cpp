//===- Bits.cpp - rules of bits of integers -------------------------------===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Onnx/Rules/Elementwise.h"

#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;
using namespace mlir::sextant;

template <typename Op>
static Value combineBy(ImplicitLocOpBuilder &b, Value x, Value y) {
  return b.createOrFold<Op>(x, y);
}

static Value notOf(ImplicitLocOpBuilder &b, Value x) {
  return b.createOrFold<arith::XOrIOp>(x, scalar::number(b, x.getType(), -1));
}

static LogicalResult inferIntegers(Inference &inference, OnnxNodeOp node) {
  if (!isa<IntegerType>(inference.elementType(0)))
    return inference.fail("expects integers");
  return inferBroadcast(inference, {}, unknownElement);
}

/// Nothing is left of a number that is shifted by its width or more; what is
/// negative stays so.
static LogicalResult lowerBitShift(Lowering &lowering, OnnxNodeOp node) {
  bool isLeft = node.getStringAttr("direction", "") == "LEFT";
  Type type = lowering.resultType();
  return lowering.set(lowering.map(
      {lowering.in(0), lowering.in(1)}, lowering.resultShape(), type,
      [&](ImplicitLocOpBuilder &b, ValueRange in) {
        Value zero = scalar::number(b, type, 0);
        Value most = scalar::number(b, type, type.getIntOrFloatBitWidth() - 1);
        auto is = [&](arith::CmpIPredicate predicate, Value bound) {
          return b.createOrFold<arith::CmpIOp>(predicate, in[1], bound);
        };
        Value fits =
            b.createOrFold<arith::AndIOp>(is(arith::CmpIPredicate::sge, zero),
                                          is(arith::CmpIPredicate::sle, most));
        if (isLeft)
          return scalar::select(
              b, fits,
              b.createOrFold<arith::ShLIOp>(
                  in[0], scalar::select(b, fits, in[1], zero)),
              zero);
        return b.createOrFold<arith::ShRSIOp>(
            in[0], scalar::select(b, fits, in[1], most));
      }));
}

static LogicalResult inferBitShift(Inference &inference, OnnxNodeOp node) {
  StringRef direction = node.getStringAttr("direction", "");
  if (direction != "LEFT" && direction != "RIGHT")
    return inference.fail("expects direction 'LEFT' or 'RIGHT', but got '" +
                          direction + "'");
  return inferIntegers(inference, node);
}

//===----------------------------------------------------------------------===//
// BitCast
//===----------------------------------------------------------------------===//

static LogicalResult inferBitCast(Inference &inference, OnnxNodeOp node) {
  Type type = elementTypeOf(node.getContext(), node.getIntAttr("to", 0));
  Type from = inference.elementType(0);
  if (!type || type.getIntOrFloatBitWidth() != from.getIntOrFloatBitWidth())
    return inference.fail("expects a type of as many bits to cast to");
  return inference.set(0, inference.shape(0), type);
}

static LogicalResult lowerBitCast(Lowering &lowering, OnnxNodeOp node) {
  Type from = lowering.facts[node.getInput(0)].elementType;
  Type type = lowering.resultType();
  return lowering.set(lowering.map(
      {lowering.in(0)}, lowering.resultShape(), type,
      [&](ImplicitLocOpBuilder &b, ValueRange in) {
        Value bits = scalar::toStored(b, in[0], from);
        if (bits.getType() != scalar::storedType(type))
          bits =
              b.createOrFold<arith::BitcastOp>(scalar::storedType(type), bits);
        return scalar::fromStored(b, bits, type);
      }));
}

void mlir::sextant::addBitsRules(RuleTable &table) {
  auto binary = [&](StringRef name, OpRule::Lower lower) {
    table.add({"", name, 18, latestVersion, 2, 2, 1, 1, inferIntegers, lower});
  };
  binary("BitwiseAnd", lowerFolded<combineBy<arith::AndIOp>>);
  binary("BitwiseOr", lowerFolded<combineBy<arith::OrIOp>>);
  binary("BitwiseXor", lowerFolded<combineBy<arith::XOrIOp>>);
  table.add({"", "BitwiseNot", 18, latestVersion, 1, 1, 1, 1, inferIntegers,
             lowerUnary<notOf>});
  table.add({"", "BitShift", 11, latestVersion, 2, 2, 1, 1, inferBitShift,
             lowerBitShift});
  table.add({"", "BitCast", 26, latestVersion, 1, 1, 1, 1, inferBitCast,
             lowerBitCast});
}
