//===- Tensors.h - tensors and types of a model as MLIR has them -*- C++
//-*-===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEXTANT_IMPORT_TENSORS_H
#define SEXTANT_IMPORT_TENSORS_H

#include "ExternalData.h"
#include "TensorBytes.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/BuiltinTypes.h"
#include "llvm/ADT/DenseMap.h"

namespace mlir::sextant {

/// The MLIR type of an element type by ONNX's number; null if refused.
Type convertElement(int32_t element, MLIRContext *context);

/// The type of a value as the model states it, which may leave everything
/// open. `exact` says that the dimensions are promised and not only a hint: an
/// impossible dimension then is an error, and otherwise unknown.
llvm::Expected<TensorType> convertType(const proto::TypeProto &type, bool exact,
                                       MLIRContext *context);

/// One string for each dimension, as written; null if the rank is unknown.
ArrayAttr convertDims(const proto::TypeProto &type, MLIRContext *context);

/// Turns tensors into attributes: small ones and those of one value into
/// dense elements, others into resources that own the very bytes read.
class TensorConverter {
public:
  TensorConverter(MLIRContext *context, ExternalData external)
      : context(context), external(std::move(external)) {}

  llvm::Expected<ElementsAttr> convert(proto::TensorProto &tensor,
                                       StringRef name);

private:
  MLIRContext *context;
  ExternalData external;
  /// The bytes are taken out of a tensor the first time.
  llvm::DenseMap<const proto::TensorProto *, ElementsAttr> converted;
};

} // namespace mlir::sextant

#endif // SEXTANT_IMPORT_TENSORS_H
