//===- MakeEntryPoints.cpp - functions that the runtime calls -------------===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The layout read here is that of sextant_tensor in lib/Runtime/Model.h.in:
// data, type and rank, shape, strides. The runtime has checked all of them.
//
//===----------------------------------------------------------------------===//

#include "sextant/Pipelines/Passes.h"

#include "mlir/Conversion/LLVMCommon/MemRefBuilder.h"
#include "mlir/Conversion/LLVMCommon/TypeConverter.h"

namespace mlir::sextant {
#define GEN_PASS_DEF_MAKEENTRYPOINTS
#include "sextant/Pipelines/Passes.h.inc"
} // namespace mlir::sextant

using namespace mlir;
using namespace mlir::sextant;

namespace {

constexpr int32_t kDataField = 0, kShapeField = 3, kStridesField = 4;

/// Dimensions that the runtime keeps for an output: SEXTANT_MAX_RANK.
constexpr int64_t kMaxRank = 8;

struct MakeEntryPoints : sextant::impl::MakeEntryPointsBase<MakeEntryPoints> {
  void runOnOperation() override;
};

class EntryBuilder {
public:
  explicit EntryBuilder(func::FuncOp entry)
      : entry(entry), loc(entry.getLoc()), builder(entry.getContext()),
        converter(entry.getContext()),
        pointer(LLVM::LLVMPointerType::get(entry.getContext())),
        i32(builder.getI32Type()), i64(builder.getI64Type()) {
    tensor = LLVM::LLVMStructType::getLiteral(
        entry.getContext(), {pointer, i32, i32, pointer, pointer});
  }
  void makeRun(func::FuncOp workspace);
  void makeShapes(func::FuncOp shapes);
  void makeWorkspace(func::FuncOp workspace);
  void makeWork(func::FuncOp work);

private:
  Block *makeFunction(StringRef name, TypeRange arguments, Type result);
  Value constant(int64_t value) {
    return LLVM::ConstantOp::create(builder, loc, i64,
                                    builder.getI64IntegerAttr(value));
  }
  Value cast(Value value, Type type) {
    return UnrealizedConversionCastOp::create(builder, loc, type, value)
        .getResult(0);
  }
  Value loadTensor(MemRefType type, Value tensors, int32_t index,
                   bool hasStrides);
  Value bytesAt(Value data);
  /// The operands of the model up to, and without, the first slot.
  SmallVector<Value> loadOperands(Value inputs, Value outputs, Value weights,
                                  bool hasStrides);
  SmallVector<Value> callWorkspace(func::FuncOp workspace,
                                   ArrayRef<Value> operands, Value threads);
  StringRef getRole(unsigned index) {
    auto role = entry.getArgAttrOfType<StringAttr>(index, kRoleAttr);
    return role ? role.getValue() : "";
  }

  func::FuncOp entry;
  Location loc;
  OpBuilder builder;
  LLVMTypeConverter converter;
  Type pointer, i32, i64, tensor;
};

Block *EntryBuilder::makeFunction(StringRef name, TypeRange arguments,
                                  Type result) {
  builder.setInsertionPointToEnd(entry->getParentOfType<ModuleOp>().getBody());
  auto func = func::FuncOp::create(
      builder, loc, name,
      builder.getFunctionType(arguments,
                              result ? TypeRange(result) : TypeRange()));
  Block *block = func.addEntryBlock();
  builder.setInsertionPointToStart(block);
  return block;
}

/// A memref over the tensor at `index`, row-major but for strides that its type
/// leaves open. Who only asks for sizes gives no strides.
Value EntryBuilder::loadTensor(MemRefType type, Value tensors, int32_t index,
                               bool hasStrides) {
  auto field = [&](int32_t number) -> Value {
    Value address = LLVM::GEPOp::create(builder, loc, pointer, tensor, tensors,
                                        ArrayRef<LLVM::GEPArg>{index, number});
    return LLVM::LoadOp::create(builder, loc, pointer, address);
  };
  Value data = field(kDataField);
  auto descriptor =
      MemRefDescriptor::poison(builder, loc, converter.convertType(type));
  descriptor.setAllocatedPtr(builder, loc, data);
  descriptor.setAlignedPtr(builder, loc, data);
  descriptor.setConstantOffset(builder, loc, 0);
  auto element = [&](Value list, int64_t dim) -> Value {
    Value address = LLVM::GEPOp::create(builder, loc, pointer, i64, list,
                                        ArrayRef<LLVM::GEPArg>{int32_t(dim)});
    return LLVM::LoadOp::create(builder, loc, i64, address);
  };
  auto [openStrides, offset] = type.getStridesAndOffset();
  bool isOpen = hasStrides && !type.getLayout().isIdentity();
  Value shape, strides, stride = constant(1);
  for (int64_t dim = type.getRank(); dim-- > 0;) {
    Value size;
    if (type.isDynamicDim(dim)) {
      if (!shape)
        shape = field(kShapeField);
      size = element(shape, dim);
    } else {
      size = constant(type.getDimSize(dim));
    }
    if (isOpen && ShapedType::isDynamic(openStrides[dim])) {
      if (!strides)
        strides = field(kStridesField);
      stride = element(strides, dim);
    }
    descriptor.setSize(builder, loc, dim, size);
    descriptor.setStride(builder, loc, dim, stride);
    if (dim)
      stride = LLVM::MulOp::create(builder, loc, stride, size);
  }
  return cast(descriptor, type);
}

/// Memory of the compiler's own; its size is never asked for.
Value EntryBuilder::bytesAt(Value data) {
  auto type = MemRefType::get({ShapedType::kDynamic}, builder.getI8Type());
  auto descriptor =
      MemRefDescriptor::poison(builder, loc, converter.convertType(type));
  descriptor.setAllocatedPtr(builder, loc, data);
  descriptor.setAlignedPtr(builder, loc, data);
  descriptor.setConstantOffset(builder, loc, 0);
  descriptor.setSize(builder, loc, 0, constant(kMaxRank));
  descriptor.setConstantStride(builder, loc, 0, 1);
  return cast(descriptor, type);
}

SmallVector<Value> EntryBuilder::loadOperands(Value inputs, Value outputs,
                                              Value weights, bool hasStrides) {
  SmallVector<Value> operands;
  int32_t inputCount = 0, outputCount = 0;
  for (auto [index, type] : llvm::enumerate(entry.getArgumentTypes())) {
    StringRef role = getRole(index);
    if (role.empty())
      operands.push_back(loadTensor(::cast<MemRefType>(type), inputs,
                                    inputCount++, hasStrides));
    else if (role == "output")
      operands.push_back(loadTensor(::cast<MemRefType>(type), outputs,
                                    outputCount++, hasStrides));
    else if (role == "weights")
      operands.push_back(bytesAt(weights));
    else
      break;
  }
  return operands;
}

SmallVector<Value> EntryBuilder::callWorkspace(func::FuncOp workspace,
                                               ArrayRef<Value> operands,
                                               Value threads) {
  SmallVector<Value> all(operands);
  all.push_back(cast(threads, builder.getIndexType()));
  auto call = func::CallOp::create(builder, loc, workspace, all);
  SmallVector<Value> sizes;
  for (Value size : call.getResults())
    sizes.push_back(cast(size, i64));
  return sizes;
}

void EntryBuilder::makeRun(func::FuncOp workspace) {
  Block *block =
      makeFunction("sextant_kernel_run",
                   {pointer, pointer, pointer, pointer, i64, pointer}, i64);
  SmallVector<Value> operands =
      loadOperands(block->getArgument(0), block->getArgument(1),
                   block->getArgument(2), /*hasStrides=*/true);
  SmallVector<Value> sizes =
      callWorkspace(workspace, operands, block->getArgument(4));
  Value place = block->getArgument(3);
  for (Value size : sizes) {
    operands.push_back(bytesAt(place));
    place = LLVM::GEPOp::create(builder, loc, pointer, builder.getI8Type(),
                                place, ArrayRef<LLVM::GEPArg>{size});
  }
  operands.push_back(block->getArgument(5));
  auto call = func::CallOp::create(builder, loc, entry, operands);
  func::ReturnOp::create(builder, loc, call.getResults());
}

void EntryBuilder::makeWorkspace(func::FuncOp workspace) {
  Block *block =
      makeFunction("sextant_kernel_workspace", {pointer, pointer, i64}, i64);
  Value null = LLVM::ZeroOp::create(builder, loc, pointer);
  SmallVector<Value> operands =
      loadOperands(block->getArgument(0), block->getArgument(1), null,
                   /*hasStrides=*/false);
  Value total = constant(0), limit = constant(int64_t(1) << 62);
  for (Value size : callWorkspace(workspace, operands, block->getArgument(2))) {
    total = LLVM::AddOp::create(builder, loc, total, size);
    total = LLVM::UMinOp::create(builder, loc, total, limit);
  }
  func::ReturnOp::create(builder, loc, total);
}

/// Slots and the state of the run are not there yet; only sizes are asked for.
void EntryBuilder::makeWork(func::FuncOp work) {
  Block *block = makeFunction("sextant_kernel_work", {pointer, pointer}, i64);
  Value null = LLVM::ZeroOp::create(builder, loc, pointer);
  SmallVector<Value> operands =
      loadOperands(block->getArgument(0), block->getArgument(1), null,
                   /*hasStrides=*/false);
  for (Type type : work.getArgumentTypes().drop_front(operands.size()))
    operands.push_back(isa<MemRefType>(type) ? bytesAt(null) : null);
  auto call = func::CallOp::create(builder, loc, work, operands);
  func::ReturnOp::create(builder, loc, cast(call.getResult(0), i64));
}

void EntryBuilder::makeShapes(func::FuncOp shapes) {
  Block *block =
      makeFunction("sextant_kernel_shapes", {pointer, pointer}, Type());
  SmallVector<Value> operands;
  for (auto [index, type] : llvm::enumerate(shapes.getArgumentTypes()))
    operands.push_back(loadTensor(::cast<MemRefType>(type),
                                  block->getArgument(0), int32_t(index),
                                  /*hasStrides=*/false));
  auto call = func::CallOp::create(builder, loc, shapes, operands);
  unsigned next = 0;
  int64_t output = 0;
  for (auto [index, type] : llvm::enumerate(entry.getArgumentTypes())) {
    if (getRole(index) != "output")
      continue;
    for (int64_t dim = 0; dim < ::cast<MemRefType>(type).getRank(); ++dim) {
      Value address = LLVM::GEPOp::create(
          builder, loc, pointer, i64, block->getArgument(1),
          ArrayRef<LLVM::GEPArg>{int32_t(output * kMaxRank + dim)});
      LLVM::StoreOp::create(builder, loc, cast(call.getResult(next++), i64),
                            address);
    }
    ++output;
  }
  func::ReturnOp::create(builder, loc);
}

/// The model's own attributes of arguments have no meaning to LLVM, and those
/// of buffers get lost when a buffer becomes several arguments.
void translateAttributes(func::FuncOp func) {
  SmallVector<int64_t> disjoint;
  int64_t position = 0;
  StringRef noAlias = LLVM::LLVMDialect::getNoAliasAttrName();
  for (auto [index, type] : llvm::enumerate(func.getArgumentTypes())) {
    auto memref = dyn_cast<MemRefType>(type);
    if (memref && func.getArgAttr(index, noAlias))
      disjoint.push_back(position + 1); // the aligned pointer
    position += memref ? 3 + 2 * memref.getRank() : 1;
    for (NamedAttribute attr : SmallVector<NamedAttribute>(
             function_interface_impl::getArgAttrs(func, index)))
      if (memref || attr.getName().strref().starts_with("sextant."))
        func.removeArgAttr(index, attr.getName());
  }
  if (!disjoint.empty())
    func->setAttr(kDisjointAttr,
                  DenseI64ArrayAttr::get(func.getContext(), disjoint));
}

void MakeEntryPoints::runOnOperation() {
  ModuleOp module = getOperation();
  func::FuncOp entry = findEntry(module);
  if (!entry)
    return signalPassFailure();
  auto find = [&](StringRef suffix) -> func::FuncOp {
    auto name = (entry.getName() + suffix).str();
    auto found = module.lookupSymbol<func::FuncOp>(name);
    if (!found)
      entry.emitError("expects a function '")
          << name << "' beside the model, but got none";
    return found;
  };
  func::FuncOp shapes = find("_shapes"), workspace = find("_workspace"),
               work = find("_work");
  if (!shapes || !workspace || !work)
    return signalPassFailure();
  for (Type type : entry.getArgumentTypes()) {
    auto memref = dyn_cast<MemRefType>(type);
    if (!memref && !isa<LLVM::LLVMPointerType>(type)) {
      entry.emitError("expects arguments that are ranked buffers, but got ")
          << type;
      return signalPassFailure();
    }
    if (memref && memref.getRank() > kMaxRank) {
      entry.emitError("expects at most ")
          << kMaxRank << " dimensions, but got " << memref.getRank();
      return signalPassFailure();
    }
  }
  // Distinct by contract, which the runtime checks before it calls.
  for (unsigned index = 0; index < entry.getNumArguments(); ++index)
    if (isa<MemRefType>(entry.getArgumentTypes()[index]))
      entry.setArgAttr(index, LLVM::LLVMDialect::getNoAliasAttrName(),
                       UnitAttr::get(&getContext()));
  EntryBuilder builder(entry);
  builder.makeRun(workspace);
  builder.makeShapes(shapes);
  builder.makeWorkspace(workspace);
  builder.makeWork(work);
  entry.setPrivate();
  for (auto func : module.getOps<func::FuncOp>())
    translateAttributes(func);
}

} // namespace
