//===- Array.cpp - tensors in memory and in files -------------------------===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Array.h"

#include "OutputFiles.h"

#include "llvm/ADT/APFloat.h"
#include "llvm/Support/CRC.h"
#include "llvm/Support/Endian.h"
#include "llvm/Support/MemoryBuffer.h"

#include <cstdlib>

using namespace llvm;
using namespace mlir::sextant;

static constexpr struct {
  StringRef name;
  int64_t bytes;
} kElements[] = {
    {"", 0},        {"bool", 1},    {"int8", 1},    {"int16", 2},
    {"int32", 4},   {"int64", 8},   {"uint8", 1},   {"uint16", 2},
    {"uint32", 4},  {"uint64", 8},  {"float16", 2}, {"bfloat16", 2},
    {"float32", 4}, {"float64", 8},
};

int64_t mlir::sextant::getElementBytes(ElementKind kind) {
  return kElements[static_cast<int32_t>(kind)].bytes;
}

StringRef mlir::sextant::getElementName(ElementKind kind) {
  return kElements[static_cast<int32_t>(kind)].name;
}

int64_t Array::count() const {
  int64_t count = 1;
  for (int64_t dim : shape)
    if (dim < 0 || __builtin_mul_overflow(count, dim, &count) ||
        count > (int64_t(1) << 40))
      return -1;
  return count;
}

bool Array::allocate() {
  int64_t elements = count();
  if (elements < 0)
    return false;
  // A vector that finds no room ends the program, so ask first; volatile, or
  // the compiler leaves the question out.
  uint64_t bytes = elements * getElementBytes(kind);
  void *volatile room = std::malloc(bytes);
  std::free(room);
  if (!room && bytes)
    return false;
  data.resize(bytes);
  return true;
}

namespace {

template <typename T>
T load(const char *from) {
  T value;
  memcpy(&value, from, sizeof(T));
  return value;
}

double loadHalf(const fltSemantics &semantics, const char *from) {
  APFloat value(semantics, APInt(16, load<uint16_t>(from)));
  bool lost;
  value.convert(APFloat::IEEEdouble(), APFloat::rmNearestTiesToEven, &lost);
  return value.convertToDouble();
}

void storeHalf(const fltSemantics &semantics, char *to, double number) {
  APFloat value(number);
  bool lost;
  value.convert(semantics, APFloat::rmNearestTiesToEven, &lost);
  uint16_t bits = value.bitcastToAPInt().getZExtValue();
  memcpy(to, &bits, sizeof(bits));
}

template <typename T>
void store(char *to, double number) {
  T value = static_cast<T>(number);
  memcpy(to, &value, sizeof(T));
}

} // namespace

double mlir::sextant::getElement(const Array &array, int64_t index) {
  const char *from = array.data.data() + index * getElementBytes(array.kind);
  switch (array.kind) {
  case ElementKind::Bool:
  case ElementKind::UInt8:
    return load<uint8_t>(from);
  case ElementKind::Int8:
    return load<int8_t>(from);
  case ElementKind::Int16:
    return load<int16_t>(from);
  case ElementKind::Int32:
    return load<int32_t>(from);
  case ElementKind::Int64:
    return load<int64_t>(from);
  case ElementKind::UInt16:
    return load<uint16_t>(from);
  case ElementKind::UInt32:
    return load<uint32_t>(from);
  case ElementKind::UInt64:
    return load<uint64_t>(from);
  case ElementKind::Float16:
    return loadHalf(APFloat::IEEEhalf(), from);
  case ElementKind::BFloat16:
    return loadHalf(APFloat::BFloat(), from);
  case ElementKind::Float32:
    return load<float>(from);
  case ElementKind::Float64:
    return load<double>(from);
  }
  llvm_unreachable("all kinds are listed");
}

void mlir::sextant::setElement(Array &array, int64_t index, double value) {
  char *to = array.data.data() + index * getElementBytes(array.kind);
  switch (array.kind) {
  case ElementKind::Bool:
  case ElementKind::UInt8:
    return store<uint8_t>(to, value);
  case ElementKind::Int8:
    return store<int8_t>(to, value);
  case ElementKind::Int16:
    return store<int16_t>(to, value);
  case ElementKind::Int32:
    return store<int32_t>(to, value);
  case ElementKind::Int64:
    return store<int64_t>(to, value);
  case ElementKind::UInt16:
    return store<uint16_t>(to, value);
  case ElementKind::UInt32:
    return store<uint32_t>(to, value);
  case ElementKind::UInt64:
    return store<uint64_t>(to, value);
  case ElementKind::Float16:
    return storeHalf(APFloat::IEEEhalf(), to, value);
  case ElementKind::BFloat16:
    return storeHalf(APFloat::BFloat(), to, value);
  case ElementKind::Float32:
    return store<float>(to, value);
  case ElementKind::Float64:
    return store<double>(to, value);
  }
  llvm_unreachable("all kinds are listed");
}

Expected<std::vector<Array>> mlir::sextant::readArrays(StringRef path) {
  ErrorOr<std::unique_ptr<MemoryBuffer>> file =
      MemoryBuffer::getFile(path, /*IsText=*/false,
                            /*RequiresNullTerminator=*/false);
  if (!file)
    return createStringError("cannot read '" + path +
                             "': " + file.getError().message());
  StringRef bytes = (*file)->getBuffer();
  std::vector<Array> arrays;
  Error error = Error::success();
  auto take = [&](Expected<Array> array) {
    if (array)
      arrays.push_back(std::move(*array));
    else
      error = array.takeError();
  };
  if (path.ends_with(".npz")) {
    if (Expected<std::vector<Array>> members = readNpz(bytes))
      arrays = std::move(*members);
    else
      error = members.takeError();
  } else if (path.ends_with(".npy")) {
    take(readNpy(bytes));
  } else if (path.ends_with(".pb")) {
    take(readTensorProto(bytes));
  } else {
    error = createStringError("expects .npy, .npz or .pb");
  }
  if (error)
    return createStringError("'" + path + "': " + toString(std::move(error)));
  return arrays;
}

/// A zip archive with stored members.
static Expected<std::string> writeNpz(ArrayRef<Array> arrays) {
  std::string zip, directory;
  raw_string_ostream os(zip), central(directory);
  auto put16 = [](raw_ostream &to, uint16_t value) {
    char bytes[2];
    support::endian::write16le(bytes, value);
    to.write(bytes, 2);
  };
  auto put32 = [](raw_ostream &to, uint32_t value) {
    char bytes[4];
    support::endian::write32le(bytes, value);
    to.write(bytes, 4);
  };
  for (const Array &array : arrays) {
    Expected<std::string> data = writeNpy(array);
    if (!data)
      return data.takeError();
    std::string name = array.name + ".npy";
    uint32_t offset = zip.size();
    if (zip.size() + data->size() > UINT32_MAX)
      return createStringError("expects less than 4 GiB in an .npz");
    auto header = [&](raw_ostream &to) {
      put16(to, 20); // version needed
      put16(to, 0);  // flags
      put16(to, 0);  // stored
      put16(to, 0);  // time
      put16(to, 33); // 1 January 1980
      put32(to, crc32(arrayRefFromStringRef(*data)));
      put32(to, data->size());
      put32(to, data->size());
      put16(to, name.size());
      put16(to, 0); // extra
    };
    put32(os, 0x04034b50);
    header(os);
    os << name << *data;
    put32(central, 0x02014b50);
    put16(central, 20); // version made by
    header(central);
    put16(central, 0); // comment
    put16(central, 0); // disk
    put16(central, 0); // internal attributes
    put32(central, 0); // external attributes
    put32(central, offset);
    central << name;
  }
  uint32_t offset = zip.size();
  os << directory;
  put32(os, 0x06054b50);
  put32(os, 0);
  put16(os, arrays.size());
  put16(os, arrays.size());
  put32(os, directory.size());
  put32(os, offset);
  put16(os, 0);
  return zip;
}

Error mlir::sextant::writeArrays(StringRef path, ArrayRef<Array> arrays) {
  std::string bytes;
  if (path.ends_with(".npz")) {
    Expected<std::string> zip = writeNpz(arrays);
    if (!zip)
      return zip.takeError();
    bytes = std::move(*zip);
  } else if (arrays.size() != 1) {
    return createStringError("expects a folder or an .npz for " +
                             Twine(arrays.size()) + " arrays, but got '" +
                             path + "'");
  } else if (path.ends_with(".pb")) {
    bytes = writeTensorProto(arrays[0]);
  } else {
    Expected<std::string> npy = writeNpy(arrays[0]);
    if (!npy)
      return npy.takeError();
    bytes = std::move(*npy);
  }
  OutputFiles files;
  Error error = files.write(path, [&](raw_pwrite_stream &os) {
    os << bytes;
    return Error::success();
  });
  return error ? std::move(error) : files.keep();
}
