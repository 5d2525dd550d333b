//===- LimitWindow.cpp - a pass of one's own over Sextant's ops -----------===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Lets every query of a causal attention see its last `keys` keys only, which
// is how a model is tried with a sliding window it was not made with. The term
// goes where the score is finished; pipelines and kernels need to know nothing.
//
// The library brings no MLIR and no Sextant: mlir-opt has the one, and the
// plugin of Sextant, which is loaded first, the other.
//
//===----------------------------------------------------------------------===//

#include "sextant/Sextant/IR/Sextant.h"

#include "mlir/IR/Builders.h"
#include "mlir/Pass/Pass.h"
#include "mlir/Tools/Plugins/PassPlugin.h"

using namespace mlir;

namespace {

struct LimitWindow : PassWrapper<LimitWindow, OperationPass<>> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(LimitWindow)

  LimitWindow() = default;
  LimitWindow(const LimitWindow &other) : PassWrapper(other) {}

  StringRef getArgument() const final { return "limit-window"; }
  StringRef getDescription() const final {
    return "let causal attention see its last keys only";
  }

  void runOnOperation() override {
    if (keys <= 0) {
      getOperation()->emitError("expects keys to be positive, but got ")
          << keys.getValue();
      return signalPassFailure();
    }
    getOperation()->walk([&](sextant::AttentionOp op) { limit(op); });
  }

  Option<int64_t> keys{*this, "keys",
                       llvm::cl::desc("keys that a query sees, its own too"),
                       llvm::cl::init(1024)};

private:
  void limit(sextant::AttentionOp op) {
    auto causals = op.getScore().getOps<sextant::CausalOp>();
    if (causals.empty()) {
      op.emitRemark("left as it is: it is not causal");
      return;
    }
    sextant::CausalOp causal = *causals.begin();
    Operation *yield = op.getScore().front().getTerminator();
    OpBuilder builder(yield);
    Value score = yield->getOperand(0);
    yield->setOperand(0, sextant::WindowOp::create(
                             builder, op.getLoc(), score.getType(), score,
                             causal.getQueryPosition(), causal.getKeyPosition(),
                             builder.getI64IntegerAttr(keys - 1),
                             /*right=*/IntegerAttr()));
    op.emitRemark("sees ") << keys.getValue() << " keys";
  }
};

} // namespace

extern "C" ::mlir::PassPluginLibraryInfo mlirGetPassPluginInfo() {
  return {MLIR_PLUGIN_API_VERSION, "LimitWindow", "0.1",
          [] { PassRegistration<LimitWindow>(); }};
}
