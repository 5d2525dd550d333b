//===- ScoreVectorizer.h - a score region for several keys at once *- C++
//-*-===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEXTANT_LIB_CPUKERNELS_SCOREVECTORIZER_H
#define SEXTANT_LIB_CPUKERNELS_SCOREVECTORIZER_H

#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/IR/Block.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/Region.h"
#include "llvm/ADT/DenseSet.h"

namespace mlir::sextant::cpu {

/// Writes a score region in vector form: lanes are neighbouring keys of one
/// query. What is the same for all keys stays scalar and is written once for
/// a query.
class ScoreVectorizer {
public:
  /// `varying` are the arguments that differ from key to key.
  ScoreVectorizer(Block &score, int64_t lanes, ArrayRef<BlockArgument> varying);

  /// Whether every op of the region has a vector form; `reason` says which has
  /// not.
  static bool canVectorize(Block &score, std::string &reason);

  /// Whether the result is the score as it is given or something else,
  /// by a selection.
  bool selectsScore() const;

  /// What a vector of scores takes, in simple instructions, but for what a row
  /// has once.
  unsigned getCost() const;

  /// The type of positions in vector form: i32, or i64 where the region
  /// multiplies them.
  IntegerType getPositionType() const { return positionType; }

  /// Writes what is the same for all keys. `scalars` maps the arguments that
  /// do not vary.
  void buildUniform(OpBuilder &builder, Location loc, const IRMapping &scalars);

  /// The scores of a vector of keys. `vectors` has a value for each varying
  /// argument. `first` is the position of the first key, given if that of the
  /// last is one that the region may be asked for, as in all but the end of a
  /// row.
  Value build(OpBuilder &builder, Location loc, const IRMapping &vectors,
              Value first);

private:
  bool isVarying(Value value) const { return varying.contains(value); }
  Type vectorTypeOf(Type scalar) const;
  Value vectorOf(OpBuilder &builder, Location loc, Value value,
                 IRMapping &vectors);
  Value buildLoad(OpBuilder &builder, Location loc, Operation *load,
                  IRMapping &vectors, Value first);
  /// Whether keys side by side read entries side by side.
  bool isContiguous(memref::LoadOp load) const;
  /// By how much an integer grows from lane to lane, if that is known.
  std::optional<int64_t> getStep(Value value) const;
  /// An integer of which that is known, for the first key: as an index, and not
  /// out of a vector of 32 bits, for processors add those in addresses.
  Value buildFirst(OpBuilder &builder, Location loc, Value value, Value first);

  Block &score;
  int64_t lanes;
  IntegerType positionType;
  DenseSet<Value> varying;
  IRMapping uniform;
};

} // namespace mlir::sextant::cpu

#endif // SEXTANT_LIB_CPUKERNELS_SCOREVECTORIZER_H
