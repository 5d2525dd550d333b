//===- AttentionCalls.h - calls of the functions of an attention *- C++ -*-===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEXTANT_LIB_CPUKERNELS_ATTENTIONCALLS_H
#define SEXTANT_LIB_CPUKERNELS_ATTENTIONCALLS_H

#include "AttentionKernel.h"

#include "mlir/Dialect/SCF/IR/SCF.h"

namespace mlir::sextant::cpu {

/// The functions of an attention; `few`, `one`, `each` and `merge` are null
/// where it has no such kernel for few rows.
struct AttentionFunctions {
  func::FuncOp packKeys, packValues, block, seen, few, one, each, merge;
};

/// Writes them, for those that are to be called and not there yet.
using FindFunctions = function_ref<AttentionFunctions(AttentionOp)>;

/// A loop whose every iteration is a task worth a thread; all of it takes
/// `cycles`, about.
scf::ForallOp buildTasks(OpBuilder &b, Location loc, OpFoldResult outer,
                         OpFoldResult inner, Value cycles);

/// Writes calls of the functions of `op`, and what they are given.
class AttentionCalls {
public:
  AttentionCalls(OpBuilder &b, AttentionOp op,
                 const AttentionFunctions &functions, const VectorUnit &unit);

  struct Packed {
    Value keys, values;
  };
  /// Blocks of nearly equal height.
  struct Blocks {
    Value count, height;
  };

  /// Memory for the keys and values of so many heads.
  Packed allocatePacked(Value heads, Value panels, Value rows);
  /// Packs those keys among some that any row sees.
  void pack(Packed packed, Value slot, Value batch, Value head, Value first,
            Value end);
  Blocks divide();
  void compute(Packed packed, Value slot, Value batch, Value head,
               Blocks blocks, Value block);
  /// Whether few rows have functions of their own.
  bool hasFewRows() { return kernel.takesFewRows(); }
  /// Whether few rows are to read keys as they lie: packing pays for some rows,
  /// unless there are too many keys.
  Value takesFewRows(Value rows, Value keys);
  /// Few rows against the keys of one chunk.
  void computeFew(Value states, Value slot, Value chunk, Value begin, Value end,
                  Value batch, Value head);
  /// Whether the only rows of all heads are to be computed together: against
  /// many keys, where heads of keys and values lie side by side and enough
  /// tasks are left.
  Value takesEachHead(Value areLong, Value tasks);
  /// The only rows of all heads against the keys of one chunk.
  void computeEachHead(Value states, Value slot, Value stride, Value chunk,
                       Value begin, Value end, Value batch);
  void merge(Value states, Value slot, Value chunks, Value batch, Value head);

  /// Cycles of a head for a key against so many rows, and to read it alone.
  Value countCycles(Value rows);
  Value countCyclesOfKey();

  Value constant(int64_t value);
  Value add(Value lhs, Value rhs);
  Value sub(Value lhs, Value rhs);
  Value mul(Value lhs, Value rhs);
  Value mul(Value lhs, int64_t rhs) { return mul(lhs, constant(rhs)); }
  Value ceilDiv(Value lhs, Value rhs);
  Value ceilDiv(Value lhs, int64_t rhs) { return ceilDiv(lhs, constant(rhs)); }
  Value least(Value lhs, Value rhs);
  Value most(Value lhs, Value rhs);
  Value isAtMost(Value lhs, Value rhs);
  Value isLess(Value lhs, Value rhs);
  Value allocate(MemRefType type, ValueRange sizes);
  void serial(Value count, function_ref<void(Value)> body);
  void choose(Value condition, function_ref<void()> yes,
              function_ref<void()> no);

  const AttentionShape &getShape() const { return kernel.getShape(); }
  const AttentionKernel &getKernel() const { return kernel; }
  /// Rows that share a key head, and keys.
  Value rows, keys;

private:
  OpBuilder &b;
  Location loc;
  AttentionOp op;
  AttentionKernel kernel;
  AttentionFunctions functions;
  VectorUnit unit;
};

/// Calls of the functions of an attention over sequences that lie end to end;
/// `own` gets the attentions over one of them that functions were written for.
void lowerSequences(AttentionOp op, const VectorUnit &unit,
                    FindFunctions findFunctions,
                    SmallVectorImpl<AttentionOp> &own);

} // namespace mlir::sextant::cpu

#endif // SEXTANT_LIB_CPUKERNELS_ATTENTIONCALLS_H
