//===- Signature.cpp - inputs and outputs of a model ----------------------===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "sextant/Driver/Signature.h"

#include "sextant/Pipelines/Passes.h"

using namespace mlir;
using namespace mlir::sextant;

/// As SEXTANT_MAX_RANK in the runtime's header.
static constexpr int64_t kMaxRank = 8;

std::optional<ElementKind> mlir::sextant::getElementKind(Type type) {
  if (type.isF16())
    return ElementKind::Float16;
  if (type.isBF16())
    return ElementKind::BFloat16;
  if (type.isF32())
    return ElementKind::Float32;
  if (type.isF64())
    return ElementKind::Float64;
  auto integer = dyn_cast<IntegerType>(type);
  if (!integer)
    return std::nullopt;
  bool isUnsigned = integer.isUnsigned();
  switch (integer.getWidth()) {
  case 1:
    return ElementKind::Bool;
  case 8:
    return isUnsigned ? ElementKind::UInt8 : ElementKind::Int8;
  case 16:
    return isUnsigned ? ElementKind::UInt16 : ElementKind::Int16;
  case 32:
    return isUnsigned ? ElementKind::UInt32 : ElementKind::Int32;
  case 64:
    return isUnsigned ? ElementKind::UInt64 : ElementKind::Int64;
  default:
    return std::nullopt;
  }
}

/// Whether a dimension's text mentions a symbol.
static bool mentions(StringRef text, StringRef symbol) {
  auto isWord = [](char c) { return llvm::isAlnum(c) || c == '_' || c == '.'; };
  for (size_t at = text.find(symbol); at != StringRef::npos;
       at = text.find(symbol, at + 1)) {
    size_t end = at + symbol.size();
    if ((at == 0 || !isWord(text[at - 1])) &&
        (end == text.size() || !isWord(text[end])))
      return true;
  }
  return false;
}

static FailureOr<ModelValue> readValue(func::FuncOp entry, Type type,
                                       DictionaryAttr attrs, StringRef kind,
                                       unsigned index) {
  auto fail = [&]() {
    return entry.emitError("expects ")
           << kind << " " << index << " to be a ranked tensor of at most "
           << kMaxRank << " dimensions and a numeric type, but got " << type;
  };
  auto tensor = dyn_cast<RankedTensorType>(type);
  if (!tensor || tensor.getRank() > kMaxRank)
    return fail();
  Type elementType = tensor.getElementType();
  auto stated = attrs ? attrs.getAs<TypeAttr>("sextant.element") : TypeAttr();
  if (stated && stated.getValue().isUnsignedInteger() &&
      elementType.isInteger(stated.getValue().getIntOrFloatBitWidth()))
    elementType = stated.getValue();
  std::optional<ElementKind> element = getElementKind(elementType);
  if (!element)
    return fail();
  ModelValue value{(kind + Twine(index)).str(), *element, {}};
  ArrayAttr dims;
  if (attrs) {
    if (auto name = attrs.getAs<StringAttr>("sextant.name"))
      value.name = name.str();
    dims = attrs.getAs<ArrayAttr>("sextant.dims");
  }
  if (dims && int64_t(dims.size()) != tensor.getRank())
    return entry.emitError("expects ")
           << tensor.getRank() << " names of dimensions for '" << value.name
           << "', but got " << dims.size();
  for (int64_t dim = 0; dim < tensor.getRank(); ++dim) {
    if (!tensor.isDynamicDim(dim)) {
      value.dims.push_back(std::to_string(tensor.getDimSize(dim)));
      continue;
    }
    auto text = dims ? dyn_cast<StringAttr>(dims[dim]) : StringAttr();
    value.dims.push_back(text ? text.str() : "");
  }
  return value;
}

FailureOr<Signature> mlir::sextant::readSignature(ModuleOp module) {
  func::FuncOp entry = findEntry(module);
  if (!entry)
    return failure();
  Signature signature;
  for (auto [index, type] : llvm::enumerate(entry.getArgumentTypes())) {
    FailureOr<ModelValue> value =
        readValue(entry, type, entry.getArgAttrDict(index), "input", index);
    if (failed(value))
      return failure();
    signature.inputs.push_back(*value);
  }
  for (auto [index, type] : llvm::enumerate(entry.getResultTypes())) {
    FailureOr<ModelValue> value =
        readValue(entry, type, entry.getResultAttrDict(index), "output", index);
    if (failed(value))
      return failure();
    signature.outputs.push_back(*value);
  }
  return signature;
}

LogicalResult mlir::sextant::fixDimensions(ModuleOp module,
                                           ArrayRef<DimRange> ranges) {
  func::FuncOp entry = findEntry(module);
  if (!entry)
    return failure();
  llvm::StringMap<bool> seen;
  OpBuilder builder = OpBuilder::atBlockBegin(&entry.getBody().front());
  for (auto [index, argument] : llvm::enumerate(entry.getArguments())) {
    auto type = dyn_cast<RankedTensorType>(argument.getType());
    auto dims = entry.getArgAttrOfType<ArrayAttr>(index, "sextant.dims");
    if (!type || !dims || int64_t(dims.size()) != type.getRank())
      continue;
    SmallVector<int64_t> shape(type.getShape());
    for (auto [dim, name] : llvm::enumerate(dims.getAsRange<StringAttr>()))
      for (const DimRange &range : ranges)
        if (mentions(name.getValue(), range.symbol)) {
          seen[range.symbol] = true;
          if (name.getValue() == range.symbol && range.low == range.high &&
              type.isDynamicDim(dim))
            shape[dim] = range.low;
        }
    if (ArrayRef<int64_t>(shape) == type.getShape())
      continue;
    auto fixed = RankedTensorType::get(shape, type.getElementType());
    argument.setType(fixed);
    auto cast =
        tensor::CastOp::create(builder, argument.getLoc(), type, argument);
    argument.replaceAllUsesExcept(cast, cast);
  }
  entry.setType(FunctionType::get(module.getContext(),
                                  entry.getBody().getArgumentTypes(),
                                  entry.getResultTypes()));
  for (const DimRange &range : ranges)
    if (!seen.count(range.symbol))
      return entry.emitError("expects a symbolic dimension '")
             << range.symbol << "' of some input, but got none";
  return success();
}
