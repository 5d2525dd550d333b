//===- consumer-opt.cpp - another project's tool over Sextant's dialect ---===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "sextant/Registration/Registration.h"
#include "sextant/Sextant/IR/Sextant.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Pass/Pass.h"
#include "mlir/Tools/mlir-opt/MlirOptMain.h"

namespace {

/// Reports every attention with its number of key heads.
struct ReportAttention
    : public mlir::PassWrapper<ReportAttention,
                               mlir::OperationPass<mlir::func::FuncOp>> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(ReportAttention)

  llvm::StringRef getArgument() const final { return "report-attention"; }

  void runOnOperation() override {
    getOperation().walk([](mlir::sextant::AttentionOpInterface op) {
      auto key = mlir::cast<mlir::ShapedType>(op.getKeys().front().getType());
      op.emitRemark("has ")
          << key.getDimSize(mlir::sextant::getHeadDim(op.getKeyLayout()))
          << " key heads";
    });
  }
};

} // namespace

int main(int argc, char **argv) {
  mlir::DialectRegistry registry;
  registry.insert<mlir::func::FuncDialect, mlir::tensor::TensorDialect>();
  mlir::sextant::registerDialects(registry);
  mlir::PassRegistration<ReportAttention>();
  return mlir::asMainReturnCode(
      mlir::MlirOptMain(argc, argv, "Consumer\n", registry));
}
