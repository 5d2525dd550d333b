//===- OnnxInfer.cpp - find types, sizes and constants --------------------===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Onnx/Rules/Analysis.h"
#include "sextant/Conversion/Passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/Remarks.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

namespace mlir::sextant {
#define GEN_PASS_DEF_ONNXINFER
#include "sextant/Conversion/Passes.h.inc"
} // namespace mlir::sextant

using namespace mlir;
using namespace mlir::sextant;

/// Notes what the analysis had to assume, for those who come after it.
static void recordEqualities(func::FuncOp func, const Facts &facts) {
  Builder builder(func.getContext());
  SmallVector<Attribute> equalities;
  auto earlier = func->getAttrOfType<ArrayAttr>("sextant.equalities");
  if (earlier)
    llvm::append_range(equalities, earlier);
  for (const RunTimeCheck &check : facts.runTimeChecks()) {
    if (!check.node || !facts.isOfArguments(check.left) ||
        !facts.isOfArguments(check.right))
      continue;
    equalities.push_back(builder.getStrArrayAttr(
        {check.left.str(), check.right.str(), check.message}));
  }
  if (!equalities.empty())
    func->setAttr("sextant.equalities", builder.getArrayAttr(equalities));
}

/// A size for users to read: in names of inputs' dimensions, or nothing.
static std::string sizeText(const Facts &facts, const SymbolicDim &dim) {
  bool isNamed = facts.isOfArguments(dim);
  dim.walkSymbols(
      [&](StringRef symbol) { isNamed &= !symbol.starts_with("."); });
  return isNamed ? dim.str() : std::string();
}

static size_t countNodes(func::FuncOp func) {
  return llvm::range_size(func.front().getOps<OnnxNodeOp>());
}

/// Exporters declare of outputs what their user has typed: it is no fact, and
/// no reason to refuse a model, but whoever reads it should know.
static void warnOfDeclared(func::FuncOp func, unsigned index,
                           const Facts &facts, ArrayRef<SymbolicDim> shape) {
  auto dims = func.getResultAttrOfType<ArrayAttr>(index, "sextant.dims");
  auto name = func.getResultAttrOfType<StringAttr>(index, "sextant.name");
  if (!dims || !name || dims.size() != shape.size())
    return;
  for (auto [dim, declared] : llvm::enumerate(dims.getAsRange<StringAttr>())) {
    std::optional<int64_t> found = facts.resolve(shape[dim]).constant();
    int64_t stated;
    if (found && !declared.getValue().getAsInteger(10, stated) &&
        stated != *found)
      func.emitWarning("output '")
          << name.getValue() << "' is declared with " << stated
          << " in dimension " << dim << ", but the graph gives " << *found;
  }
}

namespace {
struct OnnxInfer : public mlir::sextant::impl::OnnxInferBase<OnnxInfer> {
  void runOnOperation() override {
    func::FuncOp func = getOperation();
    if (func.isExternal())
      return;
    size_t before = countNodes(func);
    Analysis analysis(func, /*mayRewrite=*/true);
    if (failed(analysis.run()))
      return signalPassFailure();
    Facts &facts = analysis.facts;
    Operation *terminator = func.front().getTerminator();
    Builder builder(&getContext());
    for (auto [index, value] : llvm::enumerate(terminator->getOperands())) {
      if (!func.getResultAttr(index, "sextant.dims"))
        continue;
      warnOfDeclared(func, index, facts, facts[value].shape);
      SmallVector<std::string> texts;
      for (const SymbolicDim &dim : facts[value].shape)
        texts.push_back(sizeText(facts, facts.resolve(dim)));
      func.setResultAttr(index, "sextant.dims",
                         builder.getStrArrayAttr(SmallVector<StringRef>(
                             texts.begin(), texts.end())));
    }
    recordEqualities(func, facts);
    // Equalities found late refine what was inferred early.
    func.front().walk([&](OnnxNodeOp node) {
      for (Value result : node.getResults())
        if (facts.contains(result))
          result.setType(
              typeOf(facts[result].shape, facts[result].elementType));
    });
    func.setType(FunctionType::get(&getContext(), func.getArgumentTypes(),
                                   terminator->getOperandTypes()));
    SmallVector<Operation *> body;
    for (Operation &op : func.front().without_terminator())
      body.push_back(&op);
    for (Operation *op : llvm::reverse(body))
      if (isOpTriviallyDead(op))
        op->erase();
    remark::passed(func.getLoc(),
                   remark::RemarkOpts::name("Inferred").category(getArgument()))
        << remark::add("{0} of {1} nodes left once shapes are known and "
                       "functions expanded, {2} equalities of sizes taken for "
                       "granted",
                       countNodes(func), before, facts.runTimeChecks().size());
  }
};
} // namespace
