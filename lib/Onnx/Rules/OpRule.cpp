//===- OpRule.cpp - the table of rules ------------------------------------===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Onnx/Rules/OpRule.h"

using namespace mlir;
using namespace mlir::sextant;

const RuleTable &RuleTable::get() {
  static const RuleTable table = [] {
    RuleTable rules;
#define SEXTANT_RULE_FAMILY(FAMILY) add##FAMILY##Rules(rules);
#include "Onnx/Rules/Families.def"
    llvm::sort(rules.rules, [](const OpRule &left, const OpRule &right) {
      return std::tie(left.name, left.domain, left.since) <
             std::tie(right.name, right.domain, right.since);
    });
    return rules;
  }();
  return table;
}

const OpRule *RuleTable::lookup(OnnxNodeOp node) const {
  StringRef domain = node.isDefaultDomain() ? StringRef() : node.getDomain();
  const auto *rule = llvm::lower_bound(
      rules, node.getOpType(),
      [](const OpRule &rule, StringRef name) { return rule.name < name; });
  for (; rule != rules.end() && rule->name == node.getOpType(); ++rule)
    if (rule->domain == domain && rule->since <= (int64_t)node.getVersion() &&
        (int64_t)node.getVersion() <= rule->until)
      return rule;
  return nullptr;
}
