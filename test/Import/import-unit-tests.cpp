//===- import-unit-tests.cpp - what no tool shows of the importer ---------===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "sextant/Import/Import.h"
#include "sextant/Import/NodeDiagnostics.h"
#include "sextant/Import/TensorFile.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/MLIRContext.h"
#include "llvm/ADT/SmallString.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/raw_ostream.h"
#include "gtest/gtest.h"

#include <cstring>
#include <fstream>

using namespace mlir;
using namespace mlir::sextant;

namespace {

/// A file that goes when the test ends.
struct TemporaryFile {
  TemporaryFile() {
    int descriptor;
    llvm::sys::fs::createTemporaryFile("sextant", "pb", descriptor, path);
    llvm::sys::fs::closeFile(descriptor);
  }
  ~TemporaryFile() { llvm::sys::fs::remove(path); }
  void write(llvm::StringRef bytes) {
    std::ofstream(path.c_str(), std::ios::binary)
        .write(bytes.data(), bytes.size());
  }
  llvm::SmallString<128> path;
};

std::string getMessage(llvm::Expected<StoredTensor> tensor) {
  return tensor ? "no error" : llvm::toString(tensor.takeError());
}

TEST(TensorFile, WrittenTensorIsReadBack) {
  TemporaryFile file;
  StoredTensor tensor;
  tensor.name = "half a name";
  tensor.element = TensorElement::BF16;
  tensor.dims = {3, 1, 2};
  tensor.bytes =
      std::string("\x00\x3f\x80\x3f\x00\x40\x01\x00\xff\xff\x00\x80", 12);
  ASSERT_FALSE(bool(writeTensorProto(tensor, file.path)));
  llvm::Expected<StoredTensor> read = readTensorProto(file.path);
  ASSERT_TRUE(bool(read));
  EXPECT_EQ(read->name, tensor.name);
  EXPECT_EQ(read->element, TensorElement::BF16);
  EXPECT_EQ(read->dims, tensor.dims);
  EXPECT_EQ(read->bytes, tensor.bytes);
}

TEST(TensorFile, ScalarAndEmptyTensorAreTensors) {
  TemporaryFile file;
  StoredTensor scalar;
  scalar.element = TensorElement::I64;
  scalar.bytes = std::string("\x07\0\0\0\0\0\0\0", 8);
  ASSERT_FALSE(bool(writeTensorProto(scalar, file.path)));
  EXPECT_EQ(llvm::cantFail(readTensorProto(file.path)).bytes, scalar.bytes);
  StoredTensor empty;
  empty.dims = {2, 0};
  ASSERT_FALSE(bool(writeTensorProto(empty, file.path)));
  EXPECT_EQ(llvm::cantFail(readTensorProto(file.path)).dims, empty.dims);
}

TEST(TensorFile, TypedFieldsBecomeBytes) {
  TemporaryFile file;
  // dims: 2; data_type: FLOAT16; int32_data: [15360, 49152], of which the
  // second is negative as a half but not as the number that carries it.
  file.write(
      llvm::StringRef("\x08\x02\x10\x0a\x2a\x05\x80\x78\x80\x80\x03", 11));
  StoredTensor tensor = llvm::cantFail(readTensorProto(file.path));
  EXPECT_EQ(tensor.element, TensorElement::F16);
  EXPECT_EQ(tensor.bytes, std::string("\x00\x3c\x00\xc0", 4));
}

TEST(TensorFile, WrongSizesAreErrors) {
  TemporaryFile file;
  StoredTensor tensor;
  tensor.dims = {5};
  tensor.bytes = "1234";
  EXPECT_NE(llvm::toString(writeTensorProto(tensor, file.path))
                .find("expects 20 bytes of elements, but got 4"),
            std::string::npos);
  file.write("this is no tensor");
  EXPECT_NE(getMessage(readTensorProto(file.path))
                .find("expects an ONNX tensor, but got 17 bytes"),
            std::string::npos);
  file.write(llvm::StringRef("\x08\x02\x10\x01\x4a\x03xyz", 9));
  EXPECT_NE(getMessage(readTensorProto(file.path))
                .find("expects 8 bytes of FLOAT, but got 3"),
            std::string::npos);
  file.write("");
  EXPECT_NE(getMessage(readTensorProto(file.path)).find("but got type 0"),
            std::string::npos);
  EXPECT_NE(
      getMessage(readTensorProto("no/such/file.pb")).find("no/such/file.pb: "),
      std::string::npos);
}

TEST(TensorFile, UnwritablePathIsAnError) {
  EXPECT_TRUE(llvm::errorToBool(writeTensorProto({}, "no/such/folder/x.pb")));
}

TEST(NodeDiagnostics, MessagesNameFileNodeAndModule) {
  MLIRContext context;
  std::string text;
  llvm::raw_string_ostream stream(text);
  NodeDiagnosticHandler handler(&context, stream);
  Builder builder(&context);
  auto file = FileLineColLoc::get(&context, "a/model.onnx", 0, 0);
  auto name = [&](llvm::StringRef name, Location child) {
    return NameLoc::get(builder.getStringAttr(name), child);
  };
  emitError(file) << "first";
  emitError(name("node_7", name("layers.0", file))) << "second";
  emitRemark(CallSiteLoc::get(name("inner", file), name("outer", file)))
      << "third";
  emitWarning(FusedLoc::get(&context, {file, name("b", file), name("c", file)}))
      << "fourth";
  EXPECT_EQ(text, "a/model.onnx: error: first\n"
                  "a/model.onnx: error: node 'node_7' in 'layers.0': second\n"
                  "a/model.onnx: remark: node 'outer', node 'inner': third\n"
                  "a/model.onnx: warning: node 'b': fourth\n");
}

TEST(NodeDiagnostics, LinesOfATextAreLeftToOthers) {
  MLIRContext context;
  std::string text, other;
  llvm::raw_string_ostream stream(text);
  ScopedDiagnosticHandler outer(&context,
                                [&](Diagnostic &diag) { other = diag.str(); });
  NodeDiagnosticHandler handler(&context, stream);
  emitError(FileLineColLoc::get(&context, "model.mlir", 3, 5)) << "here";
  emitError(UnknownLoc::get(&context)) << "there";
  EXPECT_EQ(text, "");
  EXPECT_EQ(other, "there");
}

// The weights of a module outlive the bytes from which it was made.
TEST(Import, ModuleOwnsItsWeights) {
  MLIRContext context;
  std::string text;
  {
    // One output that is an initializer of 100 bytes, 0 to 99.
    std::string tensor("\x08\x64\x10\x03\x42\x01w\x4a\x64", 9);
    for (int byte = 0; byte < 100; ++byte)
      tensor += static_cast<char>(byte);
    std::string graph = std::string("\x2a", 1) +
                        static_cast<char>(tensor.size()) + tensor +
                        "\x62\x03\x0a\x01w";
    std::string model = std::string("\x08\x0a\x3a", 3) +
                        static_cast<char>(graph.size()) + graph;
    OwningOpRef<ModuleOp> module;
    {
      auto bytes = std::make_unique<std::string>(model);
      module =
          importOnnxModel(llvm::MemoryBufferRef(*bytes, "memory"), &context);
      std::memset(bytes->data(), 0, bytes->size());
    }
    ASSERT_TRUE(bool(module));
    llvm::raw_string_ostream stream(text);
    module->print(stream);
  }
  EXPECT_NE(text.find("w: \"0x01000000000102030405"), std::string::npos)
      << text;
}

} // namespace
