//===- TensorFile.cpp - one tensor in a file of its own -------------------===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "TensorBytes.h"

#include "sextant/Import/TensorFile.h"

#include "llvm/Support/FileUtilities.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/raw_ostream.h"

using namespace mlir;
using namespace mlir::sextant;

unsigned mlir::sextant::getByteWidth(TensorElement element) {
  return getElementWidth(static_cast<int32_t>(element));
}

llvm::Expected<StoredTensor>
mlir::sextant::readTensorProto(llvm::StringRef path) {
  auto fail = [&](const llvm::Twine &message) {
    return makeError(path + ": " + message);
  };
  llvm::ErrorOr<std::unique_ptr<llvm::MemoryBuffer>> buffer =
      llvm::MemoryBuffer::getFile(path, /*IsText=*/false,
                                  /*RequiresNullTerminator=*/false);
  if (!buffer)
    return fail(buffer.getError().message());
  size_t size = (*buffer)->getBufferSize();
  if (size > INT32_MAX)
    return fail("expects a tensor of at most 2147483647 bytes, but got " +
                llvm::Twine(size));
  proto::TensorProto tensor;
  if (!tensor.ParseFromArray((*buffer)->getBufferStart(), size))
    return fail("expects an ONNX tensor, but got " + llvm::Twine(size) +
                " bytes of something else");
  llvm::Expected<std::unique_ptr<std::string>> bytes = takeBytes(tensor);
  if (!bytes)
    return fail(llvm::toString(bytes.takeError()));
  StoredTensor stored;
  stored.name = tensor.name();
  stored.element = static_cast<TensorElement>(tensor.data_type());
  stored.dims.assign(tensor.dims().begin(), tensor.dims().end());
  stored.bytes = std::move(**bytes);
  return stored;
}

llvm::Error mlir::sextant::writeTensorProto(const StoredTensor &stored,
                                            llvm::StringRef path) {
  proto::TensorProto tensor;
  tensor.set_name(stored.name);
  tensor.set_data_type(static_cast<int32_t>(stored.element));
  for (int64_t dim : stored.dims)
    tensor.add_dims(dim);
  tensor.set_raw_data(stored.bytes);
  llvm::Expected<int64_t> bytes = countBytes(tensor);
  if (!bytes)
    return bytes.takeError();
  if (static_cast<size_t>(*bytes) != stored.bytes.size())
    return makeError(path + ": expects " + llvm::Twine(*bytes) +
                     " bytes of elements, but got " +
                     llvm::Twine(stored.bytes.size()));
  std::string encoded;
  if (!tensor.SerializeToString(&encoded))
    return makeError(path + ": expects a tensor of at most 2147483647 bytes");
  return llvm::writeToOutput(path, [&](llvm::raw_ostream &stream) {
    stream << encoded;
    return llvm::Error::success();
  });
}
