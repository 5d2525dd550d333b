//===- TensorProto.cpp - tensors of ONNX test data ------------------------===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A reader and writer of one protobuf message on its own: test data needs
// nothing of the importer.
//
//===----------------------------------------------------------------------===//

#include "Array.h"

#include "llvm/Support/Endian.h"
#include "llvm/Support/LEB128.h"
#include "llvm/Support/raw_ostream.h"

using namespace llvm;
using namespace mlir::sextant;

/// Field numbers of onnx.TensorProto.
enum Field : uint64_t {
  Dims = 1,
  DataType = 2,
  FloatData = 4,
  Int32Data = 5,
  Int64Data = 7,
  Name = 8,
  RawData = 9,
  DoubleData = 10,
  UInt64Data = 11,
};

static constexpr std::pair<uint64_t, ElementKind> kTypes[] = {
    {1, ElementKind::Float32},   {2, ElementKind::UInt8},
    {3, ElementKind::Int8},      {4, ElementKind::UInt16},
    {5, ElementKind::Int16},     {6, ElementKind::Int32},
    {7, ElementKind::Int64},     {9, ElementKind::Bool},
    {10, ElementKind::Float16},  {11, ElementKind::Float64},
    {12, ElementKind::UInt32},   {13, ElementKind::UInt64},
    {16, ElementKind::BFloat16},
};

namespace {

class Reader {
public:
  explicit Reader(StringRef bytes)
      : at(bytes.bytes_begin()), end(bytes.bytes_end()) {}

  bool done() const { return at == end || bad; }
  bool failed() const { return bad; }
  uint64_t varint() {
    unsigned length = 0;
    const char *error = nullptr;
    uint64_t value = decodeULEB128(at, &length, end, &error);
    bad |= error != nullptr;
    at = bad ? end : at + length;
    return value;
  }
  StringRef take(uint64_t size) {
    if (size > uint64_t(end - at)) {
      bad = true;
      return "";
    }
    StringRef result(reinterpret_cast<const char *>(at), size);
    at += size;
    return result;
  }

private:
  const uint8_t *at, *end;
  bool bad = false;
};

template <typename T>
void append(std::vector<char> &data, T value) {
  const char *bytes = reinterpret_cast<const char *>(&value);
  data.insert(data.end(), bytes, bytes + sizeof(T));
}

/// An element of int32_data and its kin, which are wider than what they hold.
void appendInteger(std::vector<char> &data, ElementKind kind, uint64_t value) {
  const char *bytes = reinterpret_cast<const char *>(&value);
  data.insert(data.end(), bytes, bytes + getElementBytes(kind));
}

} // namespace

Expected<Array> mlir::sextant::readTensorProto(StringRef bytes) {
  Array array;
  uint64_t type = 0;
  std::vector<uint64_t> integers;
  std::vector<char> typed;
  StringRef raw;
  bool hasRaw = false;
  Reader reader(bytes);
  while (!reader.done()) {
    uint64_t key = reader.varint(), field = key >> 3;
    uint64_t value = 0;
    StringRef text;
    switch (key & 7) {
    case 0:
      value = reader.varint();
      break;
    case 1:
      text = reader.take(8);
      break;
    case 2:
      text = reader.take(reader.varint());
      break;
    case 5:
      text = reader.take(4);
      break;
    default:
      return createStringError("expects a TensorProto");
    }
    bool packed = (key & 7) == 2;
    auto eachVarint = [&](auto add) {
      Reader inner(text);
      if (!packed)
        add(value);
      while (packed && !inner.done())
        add(inner.varint());
      return !inner.failed();
    };
    bool good = true;
    switch (field) {
    case Dims:
      good = eachVarint([&](uint64_t dim) { array.shape.push_back(dim); });
      break;
    case DataType:
      type = value;
      break;
    case FloatData:
    case DoubleData:
      typed.insert(typed.end(), text.begin(), text.end());
      break;
    case Int32Data:
    case Int64Data:
    case UInt64Data:
      good = eachVarint([&](uint64_t element) { integers.push_back(element); });
      break;
    case Name:
      array.name = text.str();
      break;
    case RawData:
      raw = text;
      hasRaw = true;
      break;
    default:
      break;
    }
    if (!good || reader.failed())
      return createStringError("expects a complete TensorProto");
  }
  if (reader.failed())
    return createStringError("expects a complete TensorProto");
  bool known = false;
  for (auto [number, kind] : kTypes)
    if (number == type) {
      array.kind = kind;
      known = true;
    }
  if (!known)
    return createStringError("expects a tensor of numbers, but got type " +
                             Twine(type));
  if (hasRaw)
    array.data.assign(raw.begin(), raw.end());
  else if (!integers.empty())
    for (uint64_t element : integers)
      appendInteger(array.data, array.kind, element);
  else
    array.data = std::move(typed);
  int64_t count = array.count();
  uint64_t size = count * getElementBytes(array.kind);
  if (count < 0 || array.data.size() != size)
    return createStringError("expects " + Twine(size) +
                             " bytes of data, but got " +
                             Twine(array.data.size()));
  return array;
}

std::string mlir::sextant::writeTensorProto(const Array &array) {
  std::string result;
  raw_string_ostream os(result);
  auto key = [&](Field field, unsigned wire) {
    encodeULEB128(field << 3 | wire, os);
  };
  for (int64_t dim : array.shape) {
    key(Dims, 0);
    encodeULEB128(dim, os);
  }
  for (auto [number, kind] : kTypes)
    if (kind == array.kind) {
      key(DataType, 0);
      encodeULEB128(number, os);
    }
  key(Name, 2);
  encodeULEB128(array.name.size(), os);
  os << array.name;
  key(RawData, 2);
  encodeULEB128(array.data.size(), os);
  os.write(array.data.data(), array.data.size());
  return result;
}
