//===- LowerAssertions.cpp - run-time checks become statuses --------------===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "sextant/Pipelines/Passes.h"

#include "sextant/Sextant/IR/Sextant.h"

#include "llvm/ADT/MapVector.h"

namespace mlir::sextant {
#define GEN_PASS_DEF_LOWERASSERTIONS
#include "sextant/Pipelines/Passes.h.inc"
} // namespace mlir::sextant

using namespace mlir;
using namespace mlir::sextant;

namespace {

/// As the runtime has it: SEXTANT_FOUND_BITS.
constexpr int64_t kFoundBits = 44;

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
    Value ok = arith::ConstantIntOp::create(builder, ret.getLoc(), 0, 64);
    ret->setOperands(ok);
  });
  func.setType(
      builder.getFunctionType(func.getArgumentTypes(), builder.getI64Type()));
}

/// Where a function goes when a check fails: returns its block's argument.
Block *getExit(func::FuncOp func, Block *&exit) {
  if (exit)
    return exit;
  OpBuilder builder(func);
  exit = builder.createBlock(&func.getBody(), func.getBody().end(),
                             builder.getI64Type(), func.getLoc());
  func::ReturnOp::create(builder, func.getLoc(), exit->getArguments());
  return exit;
}

/// What a check has found in the lower bits of a status, the nearest that they
/// can tell.
Value buildFound(OpBuilder &builder, Location loc, GotOp got) {
  int64_t limit = (int64_t(1) << (kFoundBits - 1)) - 1;
  auto constant = [&](int64_t value) -> Value {
    return arith::ConstantIntOp::create(builder, loc, builder.getI64Type(),
                                        value);
  };
  Value least =
      arith::MaxSIOp::create(builder, loc, got.getNumber(), constant(-limit));
  Value most = arith::MinSIOp::create(builder, loc, least, constant(limit));
  return arith::AndIOp::create(builder, loc, most, constant(2 * limit + 1));
}

void LowerAssertions::runOnOperation() {
  ModuleOp module = getOperation();
  llvm::MapVector<StringAttr, int64_t> numbers;
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
        ArrayRef<Type>(IntegerType::get(&getContext(), 64))) {
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
        auto got = check.getArg().getDefiningOp<GotOp>();
        // The runtime writes a number behind a message that ends in a blank.
        StringAttr message =
            got ? builder.getStringAttr(check.getMsg() + ", but got ")
                : check.getMsgAttr();
        auto [entry, isNew] = numbers.try_emplace(
            message, static_cast<int64_t>(numbers.size() + 1));
        holds = got ? got.getCondition() : check.getArg();
        status = arith::ConstantIntOp::create(builder, loc,
                                              entry->second << kFoundBits, 64);
        if (got)
          status = arith::OrIOp::create(builder, loc, status,
                                        buildFound(builder, loc, got));
      } else {
        status = op->getResult(0);
        builder.setInsertionPointAfter(op);
        Value ok = arith::ConstantIntOp::create(builder, loc, 0, 64);
        holds = arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::eq,
                                      status, ok);
      }
      Block *before = op->getBlock();
      Block *after = before->splitBlock(builder.getInsertionPoint());
      builder.setInsertionPointToEnd(before);
      cf::CondBranchOp::create(builder, loc, holds, after, ValueRange(),
                               getExit(func, exit), ValueRange(status));
      if (auto check = dyn_cast<cf::AssertOp>(op)) {
        auto got = check.getArg().getDefiningOp<GotOp>();
        check.erase();
        if (got && got->use_empty())
          got.erase();
      }
    }
  }
  SmallVector<Attribute> messages;
  for (auto &[message, number] : numbers)
    messages.push_back(message);
  if (!messages.empty())
    module->setAttr(kChecksAttr, ArrayAttr::get(&getContext(), messages));
}

} // namespace
