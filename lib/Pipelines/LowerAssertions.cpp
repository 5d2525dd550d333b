//===- LowerAssertions.cpp - run-time checks become statuses --------------===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "sextant/Pipelines/Passes.h"

#include "llvm/ADT/MapVector.h"

namespace mlir::sextant {
#define GEN_PASS_DEF_LOWERASSERTIONS
#include "sextant/Pipelines/Passes.h.inc"
} // namespace mlir::sextant

using namespace mlir;
using namespace mlir::sextant;

namespace {

struct LowerAssertions : sextant::impl::LowerAssertionsBase<LowerAssertions> {
  void runOnOperation() override;
};

bool returnsStatus(func::CallOp call) {
  return call.getCallee() == kParallelForFunction;
}

/// Makes a function without results return a status, 0 at its end.
void returnStatus(func::FuncOp func) {
  OpBuilder builder(func);
  func.walk([&](func::ReturnOp ret) {
    builder.setInsertionPoint(ret);
    Value ok = arith::ConstantIntOp::create(builder, ret.getLoc(), 0, 32);
    ret->setOperands(ok);
  });
  func.setType(
      builder.getFunctionType(func.getArgumentTypes(), builder.getI32Type()));
}

/// Where a function goes when a check fails: returns its block's argument.
Block *getExit(func::FuncOp func, Block *&exit) {
  if (exit)
    return exit;
  OpBuilder builder(func);
  exit = builder.createBlock(&func.getBody(), func.getBody().end(),
                             builder.getI32Type(), func.getLoc());
  func::ReturnOp::create(builder, func.getLoc(), exit->getArguments());
  return exit;
}

void LowerAssertions::runOnOperation() {
  ModuleOp module = getOperation();
  llvm::MapVector<StringAttr, int32_t> numbers;
  for (auto func : module.getOps<func::FuncOp>()) {
    if (func.isDeclaration())
      continue;
    SmallVector<Operation *> checks;
    func.walk([&](Operation *op) {
      auto call = dyn_cast<func::CallOp>(op);
      if (isa<cf::AssertOp>(op) || (call && returnsStatus(call)))
        checks.push_back(op);
    });
    if (func.isPublic() && func.getResultTypes().empty())
      returnStatus(func);
    if (checks.empty())
      continue;
    if (func.getResultTypes() !=
        ArrayRef<Type>(IntegerType::get(&getContext(), 32))) {
      checks.front()->emitError("expects run-time checks in a function that "
                                "can return a status, but got one in '")
          << func.getName() << "'";
      return signalPassFailure();
    }
    Block *exit = nullptr;
    for (Operation *op : checks) {
      if (op->getParentOp() != func) {
        op->emitError("expects run-time checks outside structured control "
                      "flow, but got one in '")
            << op->getParentOp()->getName() << "'";
        return signalPassFailure();
      }
      OpBuilder builder(op);
      Location loc = op->getLoc();
      Value holds, status;
      if (auto check = dyn_cast<cf::AssertOp>(op)) {
        auto [entry, isNew] = numbers.try_emplace(
            check.getMsgAttr(), static_cast<int32_t>(numbers.size() + 1));
        holds = check.getArg();
        status = arith::ConstantIntOp::create(builder, loc, entry->second, 32);
      } else {
        status = op->getResult(0);
        builder.setInsertionPointAfter(op);
        Value ok = arith::ConstantIntOp::create(builder, loc, 0, 32);
        holds = arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::eq,
                                      status, ok);
      }
      Block *before = op->getBlock();
      Block *after = before->splitBlock(builder.getInsertionPoint());
      builder.setInsertionPointToEnd(before);
      cf::CondBranchOp::create(builder, loc, holds, after, ValueRange(),
                               getExit(func, exit), ValueRange(status));
      if (isa<cf::AssertOp>(op))
        op->erase();
    }
  }
  SmallVector<Attribute> messages;
  for (auto &[message, number] : numbers)
    messages.push_back(message);
  if (!messages.empty())
    module->setAttr(kChecksAttr, ArrayAttr::get(&getContext(), messages));
}

} // namespace
