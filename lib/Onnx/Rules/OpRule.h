//===- OpRule.h - what Sextant knows of an ONNX operator --------*- C++ -*-===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// One rule describes one operator over a range of versions. Operators that are
// compositions of others state the composition (`expand`) and nothing else;
// all others state the shapes and elements of their results (`infer`) and the
// code (`lower`).
//
//===----------------------------------------------------------------------===//

#ifndef SEXTANT_LIB_ONNX_RULES_OPRULE_H
#define SEXTANT_LIB_ONNX_RULES_OPRULE_H

#include "sextant/Onnx/IR/Onnx.h"

namespace mlir::sextant {

class Inference;
class Expansion;
class Lowering;

struct OpRule {
  StringRef domain;
  StringRef name;
  /// Versions of the domain's operator set in which the rule holds.
  int64_t since, until;
  unsigned minInputs, maxInputs;
  unsigned minOutputs, maxOutputs;

  /// A value of which the only result is a copy, or null.
  using Fold = Value (*)(Inference &, OnnxNodeOp);
  using Infer = LogicalResult (*)(Inference &, OnnxNodeOp);
  using Lower = LogicalResult (*)(Lowering &, OnnxNodeOp);
  using Expand = LogicalResult (*)(Expansion &, OnnxNodeOp);
  Infer infer = nullptr;
  Lower lower = nullptr;
  Fold fold = nullptr;
  Expand expand = nullptr;
};

inline constexpr int64_t latestVersion = 26;
inline constexpr unsigned anyNumber = 1u << 30;

/// The rules of all families.
class RuleTable {
public:
  /// The one table; built on first use and constant from then on.
  static const RuleTable &get();

  const OpRule *lookup(OnnxNodeOp node) const;

  void add(OpRule rule) { rules.push_back(rule); }

private:
  SmallVector<OpRule, 0> rules;
};

/// Refuses attributes that the operator does not have, or has of another kind,
/// and an operator that is younger than the model's version of its domain.
LogicalResult verifyAttributes(OnnxNodeOp node);

#define SEXTANT_RULE_FAMILY(FAMILY) void add##FAMILY##Rules(RuleTable &table);
#include "Onnx/Rules/Families.def"

} // namespace mlir::sextant

#endif // SEXTANT_LIB_ONNX_RULES_OPRULE_H
