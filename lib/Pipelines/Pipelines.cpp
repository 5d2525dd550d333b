//===- Pipelines.cpp - from linalg on tensors to LLVM ---------------------===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "sextant/Pipelines/Pipelines.h"

#include "sextant/Conversion/Passes.h"
#include "sextant/CpuKernels/Passes.h"
#include "sextant/CpuKernels/RegisterTile.h"
#include "sextant/Pipelines/Passes.h"
#include "sextant/Sextant/Transforms/Passes.h"

#include "mlir/Conversion/Passes.h"
#include "mlir/Dialect/Arith/Transforms/Passes.h"
#include "mlir/Dialect/Bufferization/Transforms/Passes.h"
#include "mlir/Dialect/Linalg/Passes.h"
#include "mlir/Dialect/Math/Transforms/Passes.h"
#include "mlir/Dialect/MemRef/Transforms/Passes.h"
#include "mlir/Dialect/SCF/Transforms/Passes.h"
#include "mlir/Pass/PassRegistry.h"
#include "mlir/Transforms/Passes.h"

using namespace mlir;
using namespace mlir::sextant;

static void addCleanup(OpPassManager &pm) {
  pm.addPass(createCanonicalizerPass());
  pm.addPass(createCSEPass());
}

/// One function, of linalg, that checks what it takes for granted.
static void addPreparation(OpPassManager &pm) {
  pm.addPass(createInlinerPass());
  addCleanup(pm);
  pm.addPass(createConvertElementwiseToLinalgPass());
  pm.addPass(createFoldChecks());
}

/// Once everything is linalg: later, operations of kernels take its place.
static void addChecks(OpPassManager &pm) {
  pm.addNestedPass<func::FuncOp>(createCheckShapes());
  pm.addPass(memref::createResolveRankedShapeTypeResultDimsPass());
  addCleanup(pm);
}

void mlir::sextant::buildToBuffersPipeline(OpPassManager &pm,
                                           const ToBuffersOptions &options) {
  pm.addPass(createDeriveShapes());
  if (options.fuse) {
    pm.addNestedPass<func::FuncOp>(createLinalgElementwiseOpFusionPass());
    addCleanup(pm);
  }
  pm.addPass(createAddDestinations());
  addCleanup(pm);
  // Just before: what CSE joins is what has to be apart.
  pm.addNestedPass<func::FuncOp>(createUnshareDestinations());
  pm.addPass(bufferization::createEmptyTensorEliminationPass());
  // Sizes of reshapes are known here, and no longer once they are in memory.
  pm.addPass(memref::createResolveRankedShapeTypeResultDimsPass());
  addCleanup(pm);
  pm.addPass(createOpenStrides());
  bufferization::OneShotBufferizePassOptions bufferize;
  bufferize.bufferizeFunctionBoundaries = true;
  bufferize.functionBoundaryTypeConversion =
      bufferization::LayoutMapOption::IdentityLayoutMap;
  pm.addPass(bufferization::createOneShotBufferizePass(bufferize));
  addCleanup(pm);
  pm.addPass(createPermitAliases());
  // Appends, which are left until it is known whose memory they work in.
  DecomposeOptions decompose;
  decompose.keepNumbers = true;
  pm.addPass(createDecompose(decompose));
  addCleanup(pm);
}

void mlir::sextant::buildToLLVMPipeline(OpPassManager &pm,
                                        const ToLLVMOptions &options) {
  pm.addNestedPass<func::FuncOp>(memref::createFoldMemRefAliasOpsPass());
  // Behind the folding: in kernels an offset is taken out of the loop.
  if (options.parallel)
    pm.addPass(createLowerCpuKernels({options.vector}));
  OpPassManager &loops = pm.nest<func::FuncOp>();
  loops.addPass(createExpandCopies());
  if (options.parallel)
    loops.addPass(createLowerToRows());
  else
    loops.addPass(createConvertLinalgToLoopsPass());
  addCleanup(pm);

  pm.addPass(createCollectWeights());
  pm.addPass(memref::createResolveShapedTypeResultDimsPass());
  addCleanup(pm);
  pm.addPass(createPlanWorkspace());
  pm.addPass(createOutlineParallel());
  addCleanup(pm);
  pm.addPass(createLoopInvariantCodeMotionPass());

  // Powers by an integer are loops.
  pm.addPass(createConvertMathToFuncs());
  OpPassManager &scalars = pm.nest<func::FuncOp>();
  scalars.addPass(createExpandClamps());
  scalars.addPass(math::createMathExtendToSupportedTypes());
  if (options.approximate)
    scalars.addPass(createApproximateMath());
  arith::ArithEmulateUnsupportedFloatsOptions floats;
  floats.sourceTypeStrs = {"bf16"};
  floats.targetTypeStr = "f32";
  scalars.addPass(arith::createArithEmulateUnsupportedFloats(floats));
  arith::ArithExpandOpsPassOptions expand;
  expand.includeBf16 = true;
  scalars.addPass(arith::createArithExpandOpsPass(expand));

  pm.addPass(createLowerAffinePass());
  pm.addPass(createSCFToControlFlowPass());
  pm.addPass(createLowerAssertions());
  pm.addPass(createMakeEntryPoints());
  pm.addPass(createExpandDynamicShapes());
  pm.addPass(memref::createExpandStridedMetadataPass());
  pm.addPass(createLowerAffinePass());
  pm.addPass(createConvertMathToLLVMPass());
  pm.addPass(createConvertMathToLibmPass());
  pm.addPass(createConvertVectorToLLVMPass());
  pm.addPass(createConvertIndexToLLVMPass());
  // Before arith: a memref.dim has to see that its index is a constant, or it
  // keeps the sizes in memory to look one up.
  pm.addPass(createFinalizeMemRefToLLVMConversionPass());
  pm.addPass(createArithToLLVMConversionPass());
  pm.addPass(createConvertFuncToLLVMPass());
  pm.addPass(createConvertControlFlowToLLVMPass());
  pm.addPass(createUBToLLVMConversionPass());
  addCleanup(pm);
  pm.addPass(createReconcileUnrealizedCastsPass());
  pm.addNestedPass<LLVM::LLVMFuncOp>(createMarkDisjoint());
}

static const DecomposeOptions keepAppends{/*keepAppends=*/true,
                                          /*keepNumbers=*/true};

void mlir::sextant::buildReferenceRaisedPipeline(OpPassManager &pm,
                                                 const ReferenceOptions &) {
  addPreparation(pm);
}

void mlir::sextant::buildReferenceTensorPipeline(OpPassManager &pm,
                                                 const ReferenceOptions &) {
  // What every target computes the same way, raised or not.
  pm.addNestedPass<func::FuncOp>(createWidenAngles());
  // Only to let presents be their pasts, as with any other target.
  pm.addPass(createRaiseCache());
  pm.addPass(createCheckReach());
  pm.addPass(createCheckReads());
  // Without it decaying rotations leave the range of f32. Keys that masks hide
  // are kept: the oracle leaves it to the masks to hide them.
  RecenterDecayOptions decay;
  decay.visible = false;
  pm.addPass(createRecenterDecay(decay));
  pm.addPass(createDecompose(keepAppends));
  pm.addPass(createLowerTerms());
  pm.addNestedPass<func::FuncOp>(createExpandSoftmax());
  addChecks(pm);
}

void mlir::sextant::buildReferenceCodePipeline(OpPassManager &pm,
                                               const ReferenceOptions &) {
  buildToBuffersPipeline(pm, ToBuffersOptions());
  buildToLLVMPipeline(pm, ToLLVMOptions());
}

void mlir::sextant::buildReferencePipeline(OpPassManager &pm,
                                           const ReferenceOptions &options) {
  buildReferenceRaisedPipeline(pm, options);
  buildReferenceTensorPipeline(pm, options);
  buildReferenceCodePipeline(pm, options);
}

void mlir::sextant::buildCpuRaisedPipeline(OpPassManager &pm,
                                           const CpuOptions &) {
  addPreparation(pm);
  buildRaisePipeline(pm);
}

void mlir::sextant::buildCpuTensorPipeline(OpPassManager &pm,
                                           const CpuOptions &options) {
  // Angles of what was not raised.
  pm.addNestedPass<func::FuncOp>(createWidenAngles());
  // Before chunks and tiles: what it asks is of the whole attention.
  pm.addPass(createCheckReach());
  pm.addPass(createCheckReads());
  pm.addPass(createRecenterDecay());
  pm.addNestedPass<func::FuncOp>(createTabulateRotation());
  pm.addNestedPass<func::FuncOp>(createTabulateDistances());
  pm.addNestedPass<func::FuncOp>(createChunkLinearAttention());
  // Sequences of all lengths at once; those that it leaves one by one.
  AttentionToKernelOptions ragged;
  ragged.sequences = true;
  pm.addPass(createAttentionToKernel(ragged));
  pm.addPass(createSplitSequences());
  pm.addPass(createJoinPairs());
  pm.addPass(createSplitQueries());
  pm.addPass(createAttentionToKernel());
  // What has no kernel is computed as its running form is defined, tile by
  // tile: no score matrix is ever in memory.
  pm.addPass(createGoOnline());
  TileAttentionOptions tiles;
  tiles.tileQueries = 32;
  tiles.tileKeys = 64;
  tiles.parallel = true;
  pm.addPass(createTileAttention(tiles));
  addCleanup(pm);
  pm.addPass(createSkipTiles());
  pm.addPass(createDecompose(keepAppends));
  pm.addPass(createLowerTerms());
  pm.addNestedPass<func::FuncOp>(createExpandSoftmax());
  addChecks(pm);
  PackLinearOptions packing;
  if (std::optional<cpu::VectorUnit> unit =
          cpu::VectorUnit::byName(options.vector))
    packing.panelWidth = unit->columns();
  pm.addPass(createPackLinear(packing));
  pm.addPass(memref::createResolveShapedTypeResultDimsPass());
  addCleanup(pm);
}

void mlir::sextant::buildCpuCodePipeline(OpPassManager &pm,
                                         const CpuOptions &options) {
  ToBuffersOptions buffers;
  buffers.fuse = true;
  buildToBuffersPipeline(pm, buffers);
  ToLLVMOptions tail;
  tail.parallel = true;
  tail.approximate = true;
  tail.vector = options.vector;
  buildToLLVMPipeline(pm, tail);
}

void mlir::sextant::buildCpuPipeline(OpPassManager &pm,
                                     const CpuOptions &options) {
  buildCpuRaisedPipeline(pm, options);
  buildCpuTensorPipeline(pm, options);
  buildCpuCodePipeline(pm, options);
}

void mlir::sextant::registerPipelines() {
  registerSextantPipelinesPasses();
  PassPipelineRegistration<ToBuffersOptions>(
      "sextant-to-buffers", "linalg on tensors to linalg on buffers",
      buildToBuffersPipeline);
  PassPipelineRegistration<ToLLVMOptions>(
      "sextant-to-llvm", "linalg on buffers to the LLVM dialect",
      buildToLLVMPipeline);
  PassPipelineRegistration<ReferenceOptions>(
      "sextant-reference", "plain loops, the oracle for every other pipeline",
      buildReferencePipeline);
  PassPipelineRegistration<CpuOptions>(
      "sextant-cpu-tensors",
      "the part of sextant-cpu that ends before there is memory",
      buildCpuTensorPipeline);
  PassPipelineRegistration<CpuOptions>(
      "sextant-cpu", "fused and threaded code for the CPU", buildCpuPipeline);
}
