//===- WeightsFile.cpp - weights as an object file or beside --------------===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "WeightsFile.h"

#include "sextant/Driver/Signature.h"
#include "sextant/Pipelines/ElementSize.h"
#include "sextant/Pipelines/Passes.h"

#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/DialectResourceBlobManager.h"

#include "llvm/BinaryFormat/ELF.h"
#include "llvm/Object/ELFTypes.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace mlir::sextant;

namespace {

/// FNV-1a, as in lib/Runtime/Weights.c, over what is written.
class HashStream : public llvm::raw_ostream {
public:
  HashStream() { SetUnbuffered(); }
  uint64_t hash = UINT64_C(0xcbf29ce484222325);

private:
  void write_impl(const char *data, size_t size) override {
    for (size_t i = 0; i < size; ++i)
      hash = (hash ^ static_cast<unsigned char>(data[i])) *
             UINT64_C(0x100000001b3);
    position += size;
  }
  uint64_t current_pos() const override { return position; }
  uint64_t position = 0;
};

uint64_t getSize(ElementsAttr value) {
  return *getElementSize(value.getElementType()) * value.getNumElements();
}

} // namespace

FailureOr<Weights> Weights::get(ModuleOp module) {
  Weights weights;
  auto list = module->getAttrOfType<ArrayAttr>(kWeightsAttr);
  if (!list)
    return weights;
  for (auto entry : list.getAsRange<DictionaryAttr>()) {
    Block block{entry.getAs<IntegerAttr>("offset").getValue().getZExtValue(),
                entry.getAs<IntegerAttr>("size").getValue().getZExtValue(),
                entry.getAs<ElementsAttr>("value")};
    if (auto resource = dyn_cast<DenseResourceElementsAttr>(block.value)) {
      AsmResourceBlob *blob = resource.getRawHandle().getBlob();
      if (!blob || blob->getData().size() != getSize(block.value))
        return module.emitError("expects ")
               << getSize(block.value) << " bytes of constant '"
               << resource.getRawHandle().getKey() << "', but got "
               << (blob ? blob->getData().size() : 0);
    } else if (!isa<DenseElementsAttr>(block.value)) {
      return module.emitError("expects dense constants, but got ")
             << block.value;
    }
    weights.blocks.push_back(block);
  }
  return weights;
}

uint64_t Weights::size() const {
  return empty() ? 0
                 : llvm::alignTo(blocks.back().offset + blocks.back().size, 64);
}

static void writeElements(llvm::raw_ostream &os, ElementsAttr value) {
  if (auto resource = dyn_cast<DenseResourceElementsAttr>(value)) {
    ArrayRef<char> data = resource.getRawHandle().getBlob()->getData();
    os.write(data.data(), data.size());
    return;
  }
  auto dense = cast<DenseElementsAttr>(value);
  if (dense.getElementType().isInteger(1)) {
    for (bool element : dense.getValues<bool>())
      os << static_cast<char>(element);
    return;
  }
  ArrayRef<char> data = dense.getRawData();
  int64_t repeats = dense.isSplat() ? dense.getNumElements() : 1;
  for (int64_t i = 0; i < repeats; ++i)
    os.write(data.data(), data.size());
}

void Weights::writeData(llvm::raw_ostream &os) const {
  uint64_t position = 0;
  for (const Block &block : blocks) {
    os.write_zeros(block.offset - position);
    writeElements(os, block.value);
    position = block.offset + block.size;
  }
  os.write_zeros(size() - position);
}

void Weights::writeObject(llvm::raw_ostream &os, StringRef symbol) const {
  using ELF = llvm::object::ELF64LE;
  // Sections: null, data, symbols, strings, names, stack note.
  const StringRef names("\0.rodata\0.symtab\0.strtab\0.shstrtab\0"
                        ".note.GNU-stack\0",
                        51);
  std::string strings = '\0' + symbol.str() + '\0';
  const uint64_t dataAt = 64, dataSize = size();
  const uint64_t symbolsAt = dataAt + dataSize;
  const uint64_t stringsAt = symbolsAt + 2 * sizeof(ELF::Sym);
  const uint64_t namesAt = stringsAt + strings.size();
  const uint64_t sectionsAt = llvm::alignTo(namesAt + names.size(), 8);

  ELF::Ehdr header = {};
  memcpy(header.e_ident, llvm::ELF::ElfMagic, 4);
  header.e_ident[llvm::ELF::EI_CLASS] = llvm::ELF::ELFCLASS64;
  header.e_ident[llvm::ELF::EI_DATA] = llvm::ELF::ELFDATA2LSB;
  header.e_ident[llvm::ELF::EI_VERSION] = llvm::ELF::EV_CURRENT;
  header.e_type = llvm::ELF::ET_REL;
  header.e_machine = llvm::ELF::EM_X86_64;
  header.e_version = llvm::ELF::EV_CURRENT;
  header.e_shoff = sectionsAt;
  header.e_ehsize = sizeof(ELF::Ehdr);
  header.e_shentsize = sizeof(ELF::Shdr);
  header.e_shnum = 6;
  header.e_shstrndx = 4;
  static_assert(sizeof(ELF::Ehdr) == 64);
  os.write(reinterpret_cast<const char *>(&header), sizeof(header));

  writeData(os);

  ELF::Sym symbols[2] = {};
  symbols[1].st_name = 1;
  symbols[1].setBindingAndType(llvm::ELF::STB_GLOBAL, llvm::ELF::STT_OBJECT);
  symbols[1].st_other = llvm::ELF::STV_HIDDEN;
  symbols[1].st_shndx = 1;
  symbols[1].st_size = dataSize;
  os.write(reinterpret_cast<const char *>(symbols), sizeof(symbols));
  os << strings << names;
  os.write_zeros(sectionsAt - namesAt - names.size());

  ELF::Shdr sections[6] = {};
  auto fill = [&](int index, uint32_t name, uint32_t type, uint64_t offset,
                  uint64_t size, uint64_t align) {
    sections[index].sh_name = name;
    sections[index].sh_type = type;
    sections[index].sh_offset = offset;
    sections[index].sh_size = size;
    sections[index].sh_addralign = align;
  };
  fill(1, 1, llvm::ELF::SHT_PROGBITS, dataAt, dataSize, 64);
  sections[1].sh_flags = llvm::ELF::SHF_ALLOC;
  fill(2, 9, llvm::ELF::SHT_SYMTAB, symbolsAt, 2 * sizeof(ELF::Sym), 8);
  sections[2].sh_link = 3;
  sections[2].sh_info = 1;
  sections[2].sh_entsize = sizeof(ELF::Sym);
  fill(3, 17, llvm::ELF::SHT_STRTAB, stringsAt, strings.size(), 1);
  fill(4, 25, llvm::ELF::SHT_STRTAB, namesAt, names.size(), 1);
  fill(5, 35, llvm::ELF::SHT_PROGBITS, sectionsAt, 0, 1);
  os.write(reinterpret_cast<const char *>(sections), sizeof(sections));
}

static StringRef getSafetensorsType(Type type) {
  switch (getElementKind(type).value_or(ElementKind::Int64)) {
  case ElementKind::Bool:
    return "BOOL";
  case ElementKind::Int8:
    return "I8";
  case ElementKind::Int16:
    return "I16";
  case ElementKind::Int32:
    return "I32";
  case ElementKind::Int64:
    return "I64";
  case ElementKind::UInt8:
    return "U8";
  case ElementKind::UInt16:
    return "U16";
  case ElementKind::UInt32:
    return "U32";
  case ElementKind::UInt64:
    return "U64";
  case ElementKind::Float16:
    return "F16";
  case ElementKind::BFloat16:
    return "BF16";
  case ElementKind::Float32:
    return "F32";
  case ElementKind::Float64:
    return "F64";
  }
  llvm_unreachable("all kinds are listed");
}

uint64_t Weights::writeSafetensors(llvm::raw_ostream &os) const {
  HashStream data;
  writeData(data);
  std::string header;
  llvm::raw_string_ostream json(header);
  json << "{\"__metadata__\":{\"producer\":\"sextant\",\"hash\":\""
       << llvm::format_hex_no_prefix(data.hash, 16) << "\"}";
  auto add = [&](const Twine &name, StringRef type, ArrayRef<int64_t> shape,
                 uint64_t begin, uint64_t end) {
    json << ",\"" << name << "\":{\"dtype\":\"" << type << "\",\"shape\":[";
    llvm::interleave(shape, json, ",");
    json << "],\"data_offsets\":[" << begin << "," << end << "]}";
  };
  // The format allows no gaps, so what aligns the constants has a name too.
  uint64_t position = 0;
  int64_t padding = 0;
  auto pad = [&](uint64_t to) {
    if (position < to)
      add("padding_" + Twine(padding++), "U8", {int64_t(to - position)},
          position, to);
  };
  for (auto [index, block] : llvm::enumerate(blocks)) {
    pad(block.offset);
    add("constant_" + Twine(index),
        getSafetensorsType(block.value.getElementType()),
        block.value.getShapedType().getShape(), block.offset,
        block.offset + block.size);
    position = block.offset + block.size;
  }
  pad(size());
  json << "}";
  // Data starts at a multiple of 64 in the file, and so in mapped memory.
  header.resize(llvm::alignTo(8 + header.size(), 64) - 8, ' ');
  HashStream hash;
  hash << header;
  char length[8];
  llvm::support::endian::write64le(length, header.size());
  os.write(length, sizeof(length));
  os << header;
  writeData(os);
  return hash.hash;
}
