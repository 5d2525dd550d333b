//===- Passes.h - passes from tensors to a callable object ------*- C++ -*-===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEXTANT_PIPELINES_PASSES_H
#define SEXTANT_PIPELINES_PASSES_H

#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/ControlFlow/IR/ControlFlowOps.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/Pass/Pass.h"

namespace mlir::sextant {

#define GEN_PASS_DECL
#include "sextant/Pipelines/Passes.h.inc"

#define GEN_PASS_REGISTRATION
#include "sextant/Pipelines/Passes.h.inc"

/// The one public function of a module with a body, or null after a
/// diagnostic at the module.
func::FuncOp findEntry(ModuleOp module);

/// Names of what the passes leave on the module and what the driver reads.
inline constexpr StringLiteral kWeightsAttr = "sextant.weights";
inline constexpr StringLiteral kChecksAttr = "sextant.checks";
inline constexpr StringLiteral kShapeDataAttr = "sextant.shape_data";
/// For each output, the input whose memory it may be, or -1.
inline constexpr StringLiteral kAliasesAttr = "sextant.aliases";
/// For each input and then each output, how many of its outer dimensions may
/// have any stride; the inner ones are row-major without gaps.
inline constexpr StringLiteral kOpenStridesAttr = "sextant.open_strides";

/// On a function: which of its pointers, counted as LLVM has them, reach memory
/// that no other argument reaches.
inline constexpr StringLiteral kDisjointAttr = "sextant.disjoint";

/// On an argument of the entry function: what the compiler added it for,
/// `output`, `weights`, `slot` or `run`. The caller's tensors carry none.
inline constexpr StringLiteral kRoleAttr = "sextant.role";

/// The function that stands for the index of the running thread until
/// parallel loops are outlined.
inline constexpr StringLiteral kThreadIndexFunction = "sextant_thread_index";

/// The function of the runtime that runs an outlined loop.
inline constexpr StringLiteral kParallelForFunction =
    "sextant_parallel_for_loop";

} // namespace mlir::sextant

#endif // SEXTANT_PIPELINES_PASSES_H
