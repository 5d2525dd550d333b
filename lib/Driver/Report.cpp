//===- Report.cpp - remarks and the report of a compilation ---------------===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Report.h"

#include "mlir/IR/Remarks.h"

#include "llvm/Remarks/RemarkSerializer.h"
#include "llvm/Support/JSON.h"

using namespace mlir;
using namespace mlir::sextant;

namespace {

/// Remarks as YAML in memory: upstream's streamer to a file ends the program
/// when the disk is full.
class YamlStreamer final : public remark::detail::MLIRRemarkStreamerBase {
public:
  explicit YamlStreamer(std::string &yaml)
      : stream(yaml),
        serializer(llvm::cantFail(llvm::remarks::createRemarkSerializer(
            llvm::remarks::Format::YAML, stream))) {}

  void streamOptimizationRemark(const remark::detail::Remark &remark) override {
    serializer->emit(remark.generateRemark());
  }

private:
  llvm::raw_string_ostream stream;
  std::unique_ptr<llvm::remarks::RemarkSerializer> serializer;
};

} // namespace

LogicalResult RemarkOutput::enable(MLIRContext &context,
                                   const CompilerOptions &options) {
  bool print = options.passedRemarks || options.missedRemarks;
  path = options.remarksFile;
  if (!print && path.empty())
    return success();
  // A file holds everything; the terminal, what was asked for.
  remark::RemarkCategories categories;
  if (options.passedRemarks || !path.empty())
    categories.passed = ".*";
  if (options.missedRemarks || !path.empty())
    categories.missed = ".*";
  std::unique_ptr<YamlStreamer> streamer;
  if (!path.empty())
    streamer = std::make_unique<YamlStreamer>(yaml);
  return remark::enableOptimizationRemarks(
      context, std::move(streamer),
      std::make_unique<remark::RemarkEmittingPolicyAll>(), categories, print);
}

llvm::Error RemarkOutput::finish(MLIRContext &context, OutputFiles &files) {
  // What the engine still holds comes when it goes.
  context.setRemarkEngine(nullptr);
  std::string file = std::exchange(path, "");
  if (file.empty())
    return llvm::Error::success();
  return files.write(file, [&](llvm::raw_pwrite_stream &os) {
    os << yaml;
    return llvm::Error::success();
  });
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
  llvm::json::Array checks, processors;
  for (const std::string &check : descriptor.checks)
    checks.push_back(check);
  for (const Processor &processor : descriptor.processors)
    processors.push_back(llvm::json::Object{
        {"name", processor.name},
        {"features", llvm::json::Array(processor.features)}});
  llvm::json::Object report{
      {"prefix", descriptor.prefix},
      {"target", options.target == CompilerTarget::Cpu ? "cpu" : "reference"},
      {"processors", std::move(processors)},
      {"inputs", listValues(descriptor.signature.inputs)},
      {"outputs", listValues(descriptor.signature.outputs)},
      {"aliases", llvm::json::Array(descriptor.aliases)},
      {"checks", std::move(checks)},
      {"weights_bytes", static_cast<int64_t>(descriptor.weightsSize)},
  };
  os << llvm::formatv("{0:2}\n", llvm::json::Value(std::move(report)));
}
