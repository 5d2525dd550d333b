//===- TensorBytes.cpp - the elements of a TensorProto --------------------===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "TensorBytes.h"

#include "llvm/ADT/Twine.h"
#include "llvm/Support/Endian.h"

#include <limits>

using namespace mlir;
using namespace mlir::sextant;
using proto::TensorProto;

namespace {
/// Where ONNX keeps elements that are not raw.
enum class Field { Float, Int32, Int64, Double, Uint64, None };

struct ElementInfo {
  TensorProto::DataType number;
  llvm::StringLiteral name;
  unsigned width;
  Field field;
};
} // namespace

static constexpr ElementInfo elementInfos[] = {
    {TensorProto::FLOAT, "FLOAT", 4, Field::Float},
    {TensorProto::UINT8, "UINT8", 1, Field::Int32},
    {TensorProto::INT8, "INT8", 1, Field::Int32},
    {TensorProto::UINT16, "UINT16", 2, Field::Int32},
    {TensorProto::INT16, "INT16", 2, Field::Int32},
    {TensorProto::INT32, "INT32", 4, Field::Int32},
    {TensorProto::INT64, "INT64", 8, Field::Int64},
    {TensorProto::STRING, "STRING", 0, Field::None},
    {TensorProto::BOOL, "BOOL", 1, Field::Int32},
    {TensorProto::FLOAT16, "FLOAT16", 2, Field::Int32},
    {TensorProto::DOUBLE, "DOUBLE", 8, Field::Double},
    {TensorProto::UINT32, "UINT32", 4, Field::Uint64},
    {TensorProto::UINT64, "UINT64", 8, Field::Uint64},
    {TensorProto::COMPLEX64, "COMPLEX64", 0, Field::None},
    {TensorProto::COMPLEX128, "COMPLEX128", 0, Field::None},
    {TensorProto::BFLOAT16, "BFLOAT16", 2, Field::Int32},
    {TensorProto::FLOAT8E4M3FN, "FLOAT8E4M3FN", 0, Field::None},
    {TensorProto::FLOAT8E4M3FNUZ, "FLOAT8E4M3FNUZ", 0, Field::None},
    {TensorProto::FLOAT8E5M2, "FLOAT8E5M2", 0, Field::None},
    {TensorProto::FLOAT8E5M2FNUZ, "FLOAT8E5M2FNUZ", 0, Field::None},
    {TensorProto::UINT4, "UINT4", 0, Field::None},
    {TensorProto::INT4, "INT4", 0, Field::None},
    {TensorProto::FLOAT4E2M1, "FLOAT4E2M1", 0, Field::None},
    {TensorProto::FLOAT8E8M0, "FLOAT8E8M0", 0, Field::None},
    {TensorProto::UINT2, "UINT2", 0, Field::None},
    {TensorProto::INT2, "INT2", 0, Field::None},
};

static const ElementInfo *findElement(int32_t element) {
  for (const ElementInfo &info : elementInfos)
    if (info.number == element)
      return &info;
  return nullptr;
}

std::string mlir::sextant::getElementName(int32_t element) {
  if (const ElementInfo *info = findElement(element))
    return info->name.str();
  return "type " + std::to_string(element);
}

unsigned mlir::sextant::getElementWidth(int32_t element) {
  const ElementInfo *info = findElement(element);
  return info ? info->width : 0;
}

llvm::Error mlir::sextant::makeError(const llvm::Twine &message) {
  return llvm::createStringError(llvm::inconvertibleErrorCode(), message);
}

llvm::Expected<int64_t> mlir::sextant::countBytes(const TensorProto &tensor) {
  unsigned width = getElementWidth(tensor.data_type());
  if (!width)
    return makeError("expects elements of a float, integer or bool type of "
                     "whole bytes, but got " +
                     getElementName(tensor.data_type()));
  if (tensor.has_segment())
    return makeError("expects a whole tensor, but got a segment of one");
  // Empty dimensions do not make the others harmless: strides are computed
  // from them.
  int64_t bound = maxTensorBytes / width;
  bool empty = false;
  for (int64_t dim : tensor.dims()) {
    if (dim < 0)
      return makeError("expects dimensions of at least 0, but got " +
                       llvm::Twine(dim));
    empty |= dim == 0;
    if (dim > 1)
      bound /= dim;
    if (bound == 0)
      return makeError("expects a tensor of at most 2^62 bytes, but its "
                       "dimensions give more");
  }
  if (empty)
    return 0;
  int64_t bytes = width;
  for (int64_t dim : tensor.dims())
    bytes *= dim;
  return bytes;
}

/// Packs the values of a typed field, each of which must be a value of `To`.
/// Sixteen-bit floats are stored as their bit patterns.
template <typename To, typename Values>
static llvm::Expected<std::unique_ptr<std::string>>
packValues(const Values &values, int64_t bytes, int32_t element) {
  int64_t expected = bytes / sizeof(To);
  if (values.size() != expected)
    return makeError("expects " + llvm::Twine(expected) + " elements of " +
                     getElementName(element) + ", but got " +
                     llvm::Twine(values.size()));
  auto packed = std::make_unique<std::string>(bytes, '\0');
  char *out = packed->data();
  for (auto value : values) {
    To narrow = static_cast<To>(value);
    if constexpr (std::is_integral_v<To>) {
      if (element == TensorProto::BOOL)
        narrow = value != 0;
      else if (static_cast<decltype(value)>(narrow) != value)
        return makeError("expects values of " + getElementName(element) +
                         ", but got " + llvm::Twine(value));
    }
    llvm::support::endian::write<To>(out, narrow, llvm::endianness::little);
    out += sizeof(To);
  }
  return packed;
}

llvm::Expected<std::unique_ptr<std::string>>
mlir::sextant::takeBytes(TensorProto &tensor) {
  llvm::Expected<int64_t> bytes = countBytes(tensor);
  if (!bytes)
    return bytes.takeError();
  int32_t element = tensor.data_type();
  if (tensor.data_location() == TensorProto::EXTERNAL)
    return makeError("expects its elements in the file, but got external data");
  if (tensor.has_raw_data()) {
    if (static_cast<int64_t>(tensor.raw_data().size()) != *bytes)
      return makeError("expects " + llvm::Twine(*bytes) + " bytes of " +
                       getElementName(element) + ", but got " +
                       llvm::Twine(tensor.raw_data().size()));
    return std::unique_ptr<std::string>(tensor.release_raw_data());
  }
  switch (findElement(element)->field) {
  case Field::Float:
    return packValues<float>(tensor.float_data(), *bytes, element);
  case Field::Double:
    return packValues<double>(tensor.double_data(), *bytes, element);
  case Field::Int64:
    return packValues<int64_t>(tensor.int64_data(), *bytes, element);
  case Field::Uint64:
    if (element == TensorProto::UINT32)
      return packValues<uint32_t>(tensor.uint64_data(), *bytes, element);
    return packValues<uint64_t>(tensor.uint64_data(), *bytes, element);
  case Field::Int32:
    switch (element) {
    case TensorProto::INT32:
      return packValues<int32_t>(tensor.int32_data(), *bytes, element);
    case TensorProto::INT16:
      return packValues<int16_t>(tensor.int32_data(), *bytes, element);
    case TensorProto::INT8:
      return packValues<int8_t>(tensor.int32_data(), *bytes, element);
    case TensorProto::UINT8:
    case TensorProto::BOOL:
      return packValues<uint8_t>(tensor.int32_data(), *bytes, element);
    default:
      return packValues<uint16_t>(tensor.int32_data(), *bytes, element);
    }
  case Field::None:
    break;
  }
  llvm_unreachable("refused element types have no width");
}
