//===- Descriptor.cpp - the constant that describes a model ---------------===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Builds the struct sextant_descriptor of lib/Runtime/Runtime.h, field by
// field.
//
//===----------------------------------------------------------------------===//

#include "CodeGeneration.h"

#include "llvm/IR/Constants.h"
#include "llvm/IR/DerivedTypes.h"

using namespace llvm;
using namespace mlir::sextant;

namespace {

class ConstantMaker {
public:
  explicit ConstantMaker(Module &module)
      : module(module), context(module.getContext()),
        pointer(PointerType::getUnqual(context)),
        i32(Type::getInt32Ty(context)), i64(Type::getInt64Ty(context)) {}

  Constant *null() { return ConstantPointerNull::get(pointer); }
  Constant *number(uint64_t value) { return ConstantInt::get(i64, value); }
  Constant *small(uint32_t value) { return ConstantInt::get(i32, value); }
  Constant *global(Constant *value) {
    auto *variable = new GlobalVariable(module, value->getType(), true,
                                        GlobalValue::PrivateLinkage, value);
    variable->setUnnamedAddr(GlobalValue::UnnamedAddr::Global);
    return variable;
  }
  Constant *text(const std::string &value) {
    return global(ConstantDataArray::getString(context, value));
  }
  Constant *record(ArrayRef<Constant *> fields) {
    return ConstantStruct::getAnon(context, fields);
  }
  /// A pointer to an array; null stands at its end where asked for.
  Constant *list(SmallVector<Constant *> elements, bool terminated = false) {
    if (terminated)
      elements.push_back(null());
    if (elements.empty())
      return null();
    auto *type = ArrayType::get(elements[0]->getType(), elements.size());
    return global(ConstantArray::get(type, elements));
  }
  Constant *texts(const std::vector<std::string> &values, bool terminated) {
    SmallVector<Constant *> elements;
    for (const std::string &value : values)
      elements.push_back(text(value));
    return list(elements, terminated);
  }
  Constant *numbers(ArrayRef<int64_t> values) {
    SmallVector<Constant *> elements;
    for (int64_t value : values)
      elements.push_back(number(value));
    return list(elements);
  }
  /// sextant_value
  Constant *values(const std::vector<ModelValue> &values) {
    SmallVector<Constant *> records;
    for (const ModelValue &value : values)
      records.push_back(record(
          {text(value.name), small(static_cast<uint32_t>(value.kind)),
           small(value.dims.size()), texts(value.dims, /*terminated=*/true)}));
    return list(records);
  }

private:
  Module &module;
  LLVMContext &context;
  PointerType *pointer;
  Type *i32, *i64;
};

} // namespace

void mlir::sextant::addDescriptor(Module &module,
                                  const Descriptor &descriptor) {
  ConstantMaker build(module);
  LLVMContext &context = module.getContext();
  const Signature &signature = descriptor.signature;
  std::string names;
  SmallVector<Constant *> versions;
  for (auto [i, processor] : llvm::enumerate(descriptor.processors)) {
    names += (i ? "," : "") + processor.name;
    SmallVector<Constant *> fields{build.text(processor.name),
                                   build.texts(processor.features, true)};
    for (StringRef name : {"run", "shapes", "workspace", "work"})
      fields.push_back(module.getFunction(
          ("sextant_kernel_" + name + "." + Twine(i)).str()));
    versions.push_back(build.record(fields));
  }
  Constant *described = build.record(
      {build.text(descriptor.prefix), build.text(names),
       build.number(signature.inputs.size()),
       build.number(signature.outputs.size()), build.values(signature.inputs),
       build.values(signature.outputs), build.numbers(descriptor.aliases)});

  SmallVector<uint8_t> shapeData(descriptor.shapeData.begin(),
                                 descriptor.shapeData.end());
  shapeData.push_back(0);
  SmallVector<Constant *> ranges;
  for (const DimRange &range : descriptor.ranges)
    ranges.push_back(
        build.record({build.text(range.symbol), build.number(range.low),
                      build.number(range.high)}));
  Constant *weights = build.null();
  if (!descriptor.weightsSymbol.empty()) {
    auto *data = new GlobalVariable(
        module,
        ArrayType::get(llvm::Type::getInt8Ty(context), descriptor.weightsSize),
        true, GlobalValue::ExternalLinkage, nullptr, descriptor.weightsSymbol);
    data->setVisibility(GlobalValue::HiddenVisibility);
    data->setDSOLocal(true);
    data->setAlignment(Align(64));
    weights = data;
  }
  Constant *value = build.record(
      {described, build.list(versions), build.number(versions.size()),
       build.texts(descriptor.checks, true),
       build.global(
           ConstantDataArray::get(context, ArrayRef<uint8_t>(shapeData))),
       build.numbers(descriptor.openStrides), build.list(ranges),
       build.number(ranges.size()), weights,
       build.number(descriptor.weightsSize),
       descriptor.weightsFile.empty() ? build.null()
                                      : build.text(descriptor.weightsFile),
       build.number(descriptor.weightsHash)});
  new GlobalVariable(module, value->getType(), true,
                     GlobalValue::ExternalLinkage, value,
                     "sextant_model_descriptor");
}
