//===- Report.cpp - remarks and the report of a compilation ---------------===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Report.h"

#include "mlir/IR/Remarks.h"
#include "mlir/Remark/RemarkStreamer.h"

#include "llvm/Support/JSON.h"

using namespace mlir;
using namespace mlir::sextant;

LogicalResult RemarkOutput::enable(MLIRContext &context,
                                   const CompilerOptions &options) {
  bool print = options.passedRemarks || options.missedRemarks;
  remark::RemarkCategories categories;
  if (!print && options.remarksFile.empty())
    return success();
  // A file holds everything; the terminal, what was asked for.
  if (options.passedRemarks || !options.remarksFile.empty())
    categories.passed = ".*";
  if (options.missedRemarks || !options.remarksFile.empty())
    categories.missed = ".*";
  auto policy = std::make_unique<remark::RemarkEmittingPolicyAll>();
  if (options.remarksFile.empty())
    return remark::enableOptimizationRemarks(context, nullptr,
                                             std::move(policy), categories,
                                             /*printAsEmitRemarks=*/true);
  return remark::enableOptimizationRemarksWithLLVMStreamer(
      context, options.remarksFile, llvm::remarks::Format::YAML,
      std::move(policy), categories, print);
}

LogicalResult RemarkOutput::finish(MLIRContext &context) {
  // The file is written when the engine goes.
  context.setRemarkEngine(nullptr);
  return success();
}

static llvm::json::Array listValues(const std::vector<ModelValue> &values) {
  static constexpr StringRef kNames[] = {
      "",        "bool",     "int8",    "int16",  "int32",
      "int64",   "uint8",    "uint16",  "uint32", "uint64",
      "float16", "bfloat16", "float32", "float64"};
  llvm::json::Array list;
  for (const ModelValue &value : values) {
    llvm::json::Array dims;
    for (const std::string &dim : value.dims)
      dims.push_back(dim);
    list.push_back(
        llvm::json::Object{{"name", value.name},
                           {"type", kNames[static_cast<int32_t>(value.kind)]},
                           {"dims", std::move(dims)}});
  }
  return list;
}

void mlir::sextant::writeReport(llvm::raw_ostream &os,
                                const CompilerOptions &options,
                                const Descriptor &descriptor) {
  llvm::json::Array checks, features;
  for (const std::string &check : descriptor.checks)
    checks.push_back(check);
  for (const std::string &feature : descriptor.processor.features)
    features.push_back(feature);
  llvm::json::Object report{
      {"prefix", descriptor.prefix},
      {"target", options.target == CompilerTarget::Cpu ? "cpu" : "reference"},
      {"processor", descriptor.processor.name},
      {"features", std::move(features)},
      {"inputs", listValues(descriptor.signature.inputs)},
      {"outputs", listValues(descriptor.signature.outputs)},
      {"checks", std::move(checks)},
      {"weights_bytes", static_cast<int64_t>(descriptor.weightsSize)},
  };
  os << llvm::formatv("{0:2}\n", llvm::json::Value(std::move(report)));
}
