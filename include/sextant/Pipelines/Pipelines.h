//===- Pipelines.h - from linalg on tensors to LLVM -------------*- C++ -*-===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The pipelines are the same ones in sextant-opt, where they are passes by
// name, and in sextant-compile. `reference` is the dullest path and the oracle
// for the others.
//
//===----------------------------------------------------------------------===//

#ifndef SEXTANT_PIPELINES_PIPELINES_H
#define SEXTANT_PIPELINES_PIPELINES_H

#include "mlir/Pass/PassManager.h"
#include "mlir/Pass/PassOptions.h"

namespace mlir::sextant {

/// `sextant-to-buffers`: linalg on tensors to linalg on buffers. Derives the
/// shape function and lets the caller provide the outputs.
struct ToBuffersOptions : PassPipelineOptions<ToBuffersOptions> {
  Option<bool> fuse{*this, "fuse",
                    llvm::cl::desc("Fuse chains of elementwise operations"),
                    llvm::cl::init(false)};
};
void buildToBuffersPipeline(OpPassManager &pm, const ToBuffersOptions &options);

/// `sextant-to-llvm`: the tail that every CPU target shares, from buffers to
/// the LLVM dialect.
struct ToLLVMOptions : PassPipelineOptions<ToLLVMOptions> {
  Option<bool> parallel{*this, "parallel",
                        llvm::cl::desc("Give outer loops to threads"),
                        llvm::cl::init(false)};
  Option<bool> approximate{
      *this, "approximate",
      llvm::cl::desc("Compute exp, tanh and others by polynomials"),
      llvm::cl::init(false)};
  Option<std::string> vector{
      *this, "vector",
      llvm::cl::desc("Vector unit to write kernels for: avx2, avx512 or neon"),
      llvm::cl::init("avx2")};
};
void buildToLLVMPipeline(OpPassManager &pm, const ToLLVMOptions &options);

/// `sextant-reference`: everything decomposed, plain loops, one thread.
struct ReferenceOptions : PassPipelineOptions<ReferenceOptions> {};
void buildReferencePipeline(OpPassManager &pm, const ReferenceOptions &options);

/// Its parts: up to the dialect, up to linalg on tensors, and on to LLVM.
void buildReferenceRaisedPipeline(OpPassManager &pm,
                                  const ReferenceOptions &options);
void buildReferenceTensorPipeline(OpPassManager &pm,
                                  const ReferenceOptions &options);
void buildReferenceCodePipeline(OpPassManager &pm,
                                const ReferenceOptions &options);

/// `sextant-cpu`: fused, threaded, vectorizable.
struct CpuOptions : PassPipelineOptions<CpuOptions> {
  Option<std::string> vector{
      *this, "vector",
      llvm::cl::desc("Vector unit to write kernels for: avx2, avx512 or neon"),
      llvm::cl::init("avx2")};
};
void buildCpuPipeline(OpPassManager &pm, const CpuOptions &options);
void buildCpuRaisedPipeline(OpPassManager &pm, const CpuOptions &options);
void buildCpuTensorPipeline(OpPassManager &pm, const CpuOptions &options);
void buildCpuCodePipeline(OpPassManager &pm, const CpuOptions &options);

/// Makes passes and pipelines of this component known by name.
void registerPipelines();

} // namespace mlir::sextant

#endif // SEXTANT_PIPELINES_PIPELINES_H
