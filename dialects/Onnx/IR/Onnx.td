//===- Onnx.td - everything of the sextant_onnx dialect ---*- tablegen -*-===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

include "Onnx/IR/OnnxDialect.td"
include "Onnx/IR/OnnxOps.td"
