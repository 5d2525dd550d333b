//===- Types.cpp - from TypeProto to tensor types -------------------------===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Tensors.h"

#include "sextant/Onnx/IR/Onnx.h"

#include "llvm/ADT/StringExtras.h"

using namespace mlir;
using namespace mlir::sextant;
using proto::TensorProto;

Type mlir::sextant::convertElement(int32_t element, MLIRContext *context) {
  Builder builder(context);
  auto getUnsigned = [&](unsigned width) {
    return IntegerType::get(context, width, IntegerType::Unsigned);
  };
  switch (element) {
  case TensorProto::FLOAT:
    return builder.getF32Type();
  case TensorProto::DOUBLE:
    return builder.getF64Type();
  case TensorProto::FLOAT16:
    return builder.getF16Type();
  case TensorProto::BFLOAT16:
    return builder.getBF16Type();
  case TensorProto::INT8:
    return builder.getI8Type();
  case TensorProto::INT16:
    return builder.getI16Type();
  case TensorProto::INT32:
    return builder.getI32Type();
  case TensorProto::INT64:
    return builder.getI64Type();
  case TensorProto::BOOL:
    return builder.getI1Type();
  case TensorProto::UINT8:
    return getUnsigned(8);
  case TensorProto::UINT16:
    return getUnsigned(16);
  case TensorProto::UINT32:
    return getUnsigned(32);
  case TensorProto::UINT64:
    return getUnsigned(64);
  default:
    return {};
  }
}

static StringRef getKind(const proto::TypeProto &type) {
  switch (type.value_case()) {
  case proto::TypeProto::kSequenceType:
    return "a sequence";
  case proto::TypeProto::kMapType:
    return "a map";
  case proto::TypeProto::kOpaqueType:
    return "an opaque value";
  case proto::TypeProto::kSparseTensorType:
    return "a sparse tensor";
  case proto::TypeProto::kOptionalType:
    return "an optional value";
  default:
    return "a tensor";
  }
}

llvm::Expected<TensorType>
mlir::sextant::convertType(const proto::TypeProto &type, bool exact,
                           MLIRContext *context) {
  switch (type.value_case()) {
  case proto::TypeProto::VALUE_NOT_SET:
    return UnrankedTensorType::get(OnnxUnknownType::get(context));
  case proto::TypeProto::kTensorType:
    break;
  default:
    return makeError("expects a tensor, but got " + getKind(type));
  }
  int32_t number = type.tensor_type().elem_type();
  Type element = number == TensorProto::UNDEFINED
                     ? OnnxUnknownType::get(context)
                     : convertElement(number, context);
  if (!element)
    return makeError("expects elements of a float, integer or bool type of "
                     "whole bytes, but got " +
                     getElementName(number));
  if (!type.tensor_type().has_shape())
    return UnrankedTensorType::get(element);

  SmallVector<int64_t> shape;
  int64_t bound = maxTensorBytes / 8;
  for (const auto &dim : type.tensor_type().shape().dim()) {
    if (!dim.has_dim_value()) {
      shape.push_back(ShapedType::kDynamic);
      continue;
    }
    int64_t size = dim.dim_value();
    if (size > 1)
      bound /= size;
    if (size >= 0 && bound > 0) {
      shape.push_back(size);
      continue;
    }
    if (exact && size < 0)
      return makeError("expects dimensions of at least 0, but got " +
                       llvm::Twine(size));
    if (exact)
      return makeError("expects a tensor of at most 2^62 bytes, but its "
                       "dimensions give more");
    shape.push_back(ShapedType::kDynamic);
  }
  return RankedTensorType::get(shape, element);
}

ArrayAttr mlir::sextant::convertDims(const proto::TypeProto &type,
                                     MLIRContext *context) {
  if (!type.has_tensor_type() || !type.tensor_type().has_shape())
    return {};
  Builder builder(context);
  SmallVector<Attribute> dims;
  for (const auto &dim : type.tensor_type().shape().dim())
    dims.push_back(builder.getStringAttr(
        dim.has_dim_value() ? llvm::Twine(dim.dim_value())
                            : llvm::Twine(llvm::StringRef(dim.dim_param()))));
  return builder.getArrayAttr(dims);
}
