//===- SextantDialect.cpp - the sextant dialect ---------------------------===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "sextant/Sextant/IR/Sextant.h"

using namespace mlir;
using namespace mlir::sextant;

#include "sextant/Sextant/IR/SextantDialect.cpp.inc"

void SextantDialect::initialize() {}
