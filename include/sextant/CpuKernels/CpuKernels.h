//===- CpuKernels.h - ops that are one CPU kernel ---------------*- C++ -*-===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEXTANT_CPUKERNELS_CPUKERNELS_H
#define SEXTANT_CPUKERNELS_CPUKERNELS_H

#include "sextant/Sextant/IR/Sextant.h"

#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Dialect.h"
#include "mlir/IR/OpDefinition.h"
#include "mlir/Interfaces/ControlFlowInterfaces.h"
#include "mlir/Interfaces/DestinationStyleOpInterface.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

#include "sextant/CpuKernels/CpuKernelsDialect.h.inc"

#define GET_OP_CLASSES
#include "sextant/CpuKernels/CpuKernels.h.inc"

namespace mlir::sextant::cpu {

/// Lets one-shot bufferization handle the ops of the dialect.
void registerBufferizableOpInterfaceExternalModels(DialectRegistry &registry);

} // namespace mlir::sextant::cpu

#endif // SEXTANT_CPUKERNELS_CPUKERNELS_H
