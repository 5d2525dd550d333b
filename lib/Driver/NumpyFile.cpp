//===- NumpyFile.cpp - .npy and .npz --------------------------------------===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Array.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/Endian.h"
#include "llvm/Support/MathExtras.h"

using namespace llvm;
using namespace mlir::sextant;

static constexpr StringRef kMagic("\x93NUMPY", 6);

/// NumPy knows no bfloat16; ml_dtypes writes it as two bytes of any kind.
static constexpr std::pair<StringRef, ElementKind> kTypes[] = {
    {"|b1", ElementKind::Bool},     {"|i1", ElementKind::Int8},
    {"<i2", ElementKind::Int16},    {"<i4", ElementKind::Int32},
    {"<i8", ElementKind::Int64},    {"|u1", ElementKind::UInt8},
    {"<u2", ElementKind::UInt16},   {"<u4", ElementKind::UInt32},
    {"<u8", ElementKind::UInt64},   {"<f2", ElementKind::Float16},
    {"<V2", ElementKind::BFloat16}, {"|V2", ElementKind::BFloat16},
    {"<f4", ElementKind::Float32},  {"<f8", ElementKind::Float64},
};

/// What follows 'key': in the header's Python dictionary.
static StringRef findField(StringRef header, StringRef key) {
  size_t at = header.find(("'" + key + "'").str());
  if (at == StringRef::npos)
    return "";
  return header.substr(at + key.size() + 2).ltrim().ltrim(':').ltrim();
}

/// Column-major to row-major.
static void transpose(Array &array) {
  int64_t bytes = getElementBytes(array.kind), count = array.count();
  size_t rank = array.shape.size();
  std::vector<int64_t> strides(rank, 1), index(rank, 0);
  for (size_t dim = 1; dim < rank; ++dim)
    strides[dim] = strides[dim - 1] * array.shape[dim - 1];
  std::vector<char> result(array.data.size());
  for (int64_t to = 0; to < count; ++to) {
    int64_t from = 0;
    for (size_t dim = 0; dim < rank; ++dim)
      from += index[dim] * strides[dim];
    memcpy(&result[to * bytes], &array.data[from * bytes], bytes);
    for (size_t dim = rank; dim-- > 0;) {
      if (++index[dim] < array.shape[dim])
        break;
      index[dim] = 0;
    }
  }
  array.data = std::move(result);
}

Expected<Array> mlir::sextant::readNpy(StringRef bytes) {
  if (!bytes.starts_with(kMagic) || bytes.size() < 12)
    return createStringError("expects a .npy file");
  uint64_t start, length;
  if (bytes[6] == 1) {
    length = support::endian::read16le(bytes.data() + 8);
    start = 10;
  } else {
    length = support::endian::read32le(bytes.data() + 8);
    start = 12;
  }
  if (length > bytes.size() - start)
    return createStringError("expects a header of " + Twine(length) +
                             " bytes, but the file ends before");
  StringRef header = bytes.substr(start, length);
  Array array;
  StringRef type = findField(header, "descr");
  type = type.drop_front().take_until([](char c) { return c == '\''; });
  bool known = false;
  for (const auto &[name, kind] : kTypes)
    if (name == type) {
      array.kind = kind;
      known = true;
    }
  if (!known)
    return createStringError("expects little-endian numbers, but got type '" +
                             type + "'");
  StringRef shape = findField(header, "shape");
  if (!shape.starts_with("(") || !shape.contains(')'))
    return createStringError("expects a shape in the header, but got none");
  shape = shape.drop_front().take_until([](char c) { return c == ')'; });
  SmallVector<StringRef> dims;
  shape.split(dims, ',', -1, /*KeepEmpty=*/false);
  for (StringRef dim : dims) {
    if (dim.trim().empty())
      continue;
    int64_t size;
    if (dim.trim().getAsInteger(10, size) || size < 0)
      return createStringError("expects a shape, but got '(" + shape + ")'");
    array.shape.push_back(size);
  }
  int64_t count = array.count();
  if (count < 0)
    return createStringError("expects a shape that fits in memory, but got '(" +
                             shape + ")'");
  uint64_t size = count * getElementBytes(array.kind);
  StringRef data = bytes.substr(start + length);
  if (data.size() < size)
    return createStringError("expects " + Twine(size) +
                             " bytes of data, but got " + Twine(data.size()));
  array.data.assign(data.begin(), data.begin() + size);
  if (findField(header, "fortran_order").starts_with("True"))
    transpose(array);
  return array;
}

Expected<std::string> mlir::sextant::writeNpy(const Array &array) {
  StringRef type;
  for (const auto &[name, kind] : kTypes)
    if (kind == array.kind)
      type = name;
  std::string header =
      ("{'descr': '" + type + "', 'fortran_order': False, 'shape': (").str();
  for (int64_t dim : array.shape)
    header += itostr(dim) + ", ";
  if (array.shape.size() > 1)
    header.resize(header.size() - 2);
  header += "), }";
  header.resize(alignTo(10 + header.size() + 1, 64) - 11, ' ');
  header += '\n';
  std::string result(kMagic);
  result += '\1';
  result += '\0';
  char length[2];
  support::endian::write16le(length, header.size());
  result.append(length, 2);
  result += header;
  result.append(array.data.begin(), array.data.end());
  return result;
}

Expected<std::vector<Array>> mlir::sextant::readNpz(StringRef bytes) {
  Error bad = createStringError("expects a complete .npz file");
  auto fail = [&]() { return std::move(bad); };
  auto read16 = [&](uint64_t at) {
    return support::endian::read16le(bytes.data() + at);
  };
  auto read32 = [&](uint64_t at) {
    return support::endian::read32le(bytes.data() + at);
  };
  size_t end = bytes.rfind(StringRef("PK\5\6", 4));
  if (end == StringRef::npos || end + 22 > bytes.size())
    return fail();
  uint64_t at = read32(end + 16);
  std::vector<Array> arrays;
  for (unsigned member = read16(end + 10); member > 0; --member) {
    if (at + 46 > bytes.size() || !bytes.substr(at).starts_with("PK\1\2"))
      return fail();
    uint16_t method = read16(at + 10), nameSize = read16(at + 28);
    uint64_t size = read32(at + 24), local = read32(at + 42);
    if (at + 46 + nameSize > bytes.size() || local + 30 > bytes.size())
      return fail();
    StringRef name = bytes.substr(at + 46, nameSize);
    if (method != 0) {
      consumeError(fail());
      return createStringError("expects stored members (numpy.savez), but '" +
                               name + "' is compressed");
    }
    uint64_t start = local + 30 + read16(local + 26) + read16(local + 28);
    if (start > bytes.size() || size > bytes.size() - start)
      return fail();
    Expected<Array> array = readNpy(bytes.substr(start, size));
    if (!array) {
      consumeError(fail());
      return array.takeError();
    }
    name.consume_back(".npy");
    array->name = name.str();
    arrays.push_back(std::move(*array));
    at += 46 + nameSize + read16(at + 30) + read16(at + 32);
  }
  consumeError(fail());
  return arrays;
}
