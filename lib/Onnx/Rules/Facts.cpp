//===- Facts.cpp - what is known of the values of a graph -----------------===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Onnx/Rules/Facts.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/Matchers.h"
#include "llvm/ADT/StringExtras.h"

using namespace mlir;
using namespace mlir::sextant;

SymbolicDim mlir::sextant::productOf(ArrayRef<SymbolicDim> dims) {
  SymbolicDim product(1);
  for (const SymbolicDim &dim : dims)
    product = product * dim;
  return product;
}

std::string mlir::sextant::str(ArrayRef<SymbolicDim> dims) {
  std::string text = "[";
  for (auto [index, dim] : llvm::enumerate(dims))
    text += (index ? ", " : "") + dim.str();
  return text + "]";
}

RankedTensorType mlir::sextant::typeOf(ArrayRef<SymbolicDim> dims,
                                       Type elementType) {
  SmallVector<int64_t> sizes;
  for (const SymbolicDim &dim : dims) {
    std::optional<int64_t> size = dim.constant();
    sizes.push_back(size && *size >= 0 ? *size : ShapedType::kDynamic);
  }
  return RankedTensorType::get(sizes, elementType);
}

static std::string nameOf(Location loc) {
  if (auto name = dyn_cast<NameLoc>(loc))
    return name.getName().str();
  if (auto fused = dyn_cast<FusedLoc>(loc))
    for (Location part : fused.getLocations())
      if (std::string name = nameOf(part); !name.empty())
        return name;
  if (auto call = dyn_cast<CallSiteLoc>(loc))
    return nameOf(call.getCallee());
  return {};
}

std::string mlir::sextant::nodeName(Operation *op) {
  // A model's names are not to be trusted with a terminal.
  std::string name;
  for (char c : nameOf(op->getLoc())) {
    if (static_cast<unsigned char>(c) >= 0x20 && c != 0x7f)
      name += c;
    else
      name +=
          {'\\', 'x', llvm::hexdigit((c >> 4) & 15), llvm::hexdigit(c & 15)};
  }
  return name;
}

//===----------------------------------------------------------------------===//
// Reading the function
//===----------------------------------------------------------------------===//

LogicalResult Facts::initialize() {
  struct Declared {
    SymbolicDim fresh, expression;
    std::string message;
  };
  SmallVector<Declared> declared;
  for (BlockArgument argument : func.getArguments()) {
    auto type = dyn_cast<RankedTensorType>(argument.getType());
    if (!type)
      return func.emitError("expects inputs of known rank, but got ")
             << argument.getType() << " for input " << argument.getArgNumber();
    unsigned position = argument.getArgNumber();
    auto dims = func.getArgAttrOfType<ArrayAttr>(position, "sextant.dims");
    auto name = func.getArgAttrOfType<StringAttr>(position, "sextant.name");
    TensorFacts &facts = *(tensors[argument] = std::make_unique<TensorFacts>());
    facts.elementType = type.getElementType();
    for (int64_t dim = 0; dim < type.getRank(); ++dim) {
      if (!type.isDynamicDim(dim)) {
        facts.shape.push_back(type.getDimSize(dim));
        continue;
      }
      auto text = dims && dim < (int64_t)dims.size()
                      ? dyn_cast<StringAttr>(dims[dim])
                      : StringAttr();
      SymbolicDim expression;
      if (text && !text.getValue().empty()) {
        expression = SymbolicDim::parse(text.getValue());
        if (expression.isUnknown())
          expression = SymbolicDim::symbol(text.getValue());
      }
      // The first dimension that is a bare symbol is where it is read.
      if (!expression.isUnknown() && expression.terms().size() == 1) {
        const SymbolicDim::Term &term = expression.terms().front();
        if (term.coefficient == 1 && term.atoms.size() == 1 &&
            term.atoms.front()->kind == SymbolicDim::AtomKind::Symbol &&
            sources
                .try_emplace(term.atoms.front()->key,
                             SymbolSource{argument, dim, false})
                .second) {
          facts.shape.push_back(expression);
          continue;
        }
      }
      SymbolicDim fresh = freshDim(argument, dim);
      facts.shape.push_back(fresh);
      if (!expression.isUnknown())
        declared.push_back({fresh, expression,
                            "input '" +
                                (name ? name.str() : std::to_string(position)) +
                                "': expects dimension " + std::to_string(dim) +
                                " to be '" + text.str() + "'"});
    }
  }
  for (Declared &entry : declared) {
    if (!isOfArguments(entry.expression))
      continue;
    checks.push_back({entry.fresh, entry.expression, nullptr, func.getLoc(),
                      std::move(entry.message)});
    addEquation(entry.fresh, entry.expression);
  }
  if (auto earlier = func->getAttrOfType<ArrayAttr>("sextant.equalities"))
    for (auto equality : earlier.getAsRange<ArrayAttr>()) {
      auto text = [&](unsigned index) {
        return cast<StringAttr>(equality[index]).getValue();
      };
      SymbolicDim left = SymbolicDim::parse(text(0));
      SymbolicDim right = SymbolicDim::parse(text(1));
      checks.push_back({left, right, nullptr, func.getLoc(), text(2).str()});
      addEquation(left, right);
    }
  return success();
}

void Facts::initializeConstant(Value value, TensorFacts &facts) {
  DenseElementsAttr attr;
  if (!matchPattern(value, m_Constant(&attr)) ||
      !attr.getElementType().isIntOrIndex() ||
      attr.getNumElements() > maxTrackedElements)
    return;
  facts.elements.emplace();
  bool isSigned = !attr.getElementType().isInteger(1) &&
                  !attr.getElementType().isUnsignedInteger();
  for (APInt element : attr.getValues<APInt>())
    facts.elements->push_back(isSigned ? element.getSExtValue()
                                       : (int64_t)element.getZExtValue());
}

TensorFacts &Facts::operator[](Value value) {
  std::unique_ptr<TensorFacts> &entry = tensors[value];
  if (entry)
    return *entry;
  entry = std::make_unique<TensorFacts>();
  TensorFacts &facts = *entry;
  // What no rule has described is a constant, or has the type it states.
  auto type = cast<TensorType>(value.getType());
  facts.elementType = type.getElementType();
  if (!type.hasRank())
    return facts;
  Shape shape;
  for (auto [index, size] : llvm::enumerate(type.getShape()))
    shape.push_back(ShapedType::isDynamic(size) ? freshDim(value, index)
                                                : SymbolicDim(size));
  facts.shape = std::move(shape);
  initializeConstant(value, facts);
  return facts;
}

void Facts::forget(Value value) {
  tensors.erase(value);
  for (const std::string &symbol : ownSymbols.lookup(value))
    sources.erase(symbol);
  ownSymbols.erase(value);
  // A later value may lie at the same address.
  for (auto *set : {&ownDims, &selfNamed}) {
    SmallVector<std::pair<Value, int64_t>> stale;
    for (const auto &entry : *set)
      if (entry.first == value)
        stale.push_back(entry);
    for (const auto &entry : stale)
      set->erase(entry);
  }
}

void Facts::set(Value value, TensorFacts facts) {
  tensors[value] = std::make_unique<TensorFacts>(std::move(facts));
}

//===----------------------------------------------------------------------===//
// Symbols
//===----------------------------------------------------------------------===//

SymbolicDim Facts::freshSymbol(StringRef stem, SymbolSource source,
                               bool nonNegative) {
  std::string name;
  do
    name = "." + stem.str() + "." + std::to_string(counter++);
  while (sources.contains(name));
  sources[name] = source;
  ownSymbols[source.value].push_back(name);
  return SymbolicDim::symbol(name, nonNegative);
}

SymbolicDim Facts::freshDim(Value value, int64_t dim) {
  // Names of arguments' dimensions are the same in every analysis: equalities
  // are kept by name from one to the next.
  if (auto argument = dyn_cast<BlockArgument>(value);
      argument && argument.getOwner() == &func.front()) {
    std::string name = ".input" + std::to_string(argument.getArgNumber()) +
                       ".dim" + std::to_string(dim);
    sources[name] = {value, dim, false};
    return SymbolicDim::symbol(name);
  }
  ownDims.insert({value, dim});
  return freshSymbol("dim", {value, dim, false}, /*nonNegative=*/true);
}

std::optional<SmallVector<SymbolicDim>> Facts::namedElements(Value value) {
  TensorFacts &facts = (*this)[value];
  std::optional<int64_t> count = productOf(facts.shape).constant();
  if (!count || *count > maxTrackedElements || *count < 0 ||
      !facts.elementType.isIntOrIndex())
    return std::nullopt;
  if (!facts.elements)
    facts.elements.emplace(*count);
  for (int64_t index = 0; index < *count; ++index) {
    SymbolicDim &element = (*facts.elements)[index];
    if (!element.isUnknown())
      continue;
    element = freshSymbol("element", {value, index, true},
                          /*nonNegative=*/false);
    selfNamed.insert({value, index});
  }
  return facts.elements;
}

bool Facts::isComputedElsewhere(Value value) {
  TensorFacts &facts = (*this)[value];
  if (!facts.elements)
    return false;
  for (auto [index, element] : llvm::enumerate(*facts.elements))
    if (element.isUnknown() || !isComputable(element) ||
        selfNamed.contains({value, (int64_t)index}))
      return false;
  return true;
}

const SymbolSource *Facts::source(StringRef symbol) const {
  auto found = sources.find(symbol);
  return found == sources.end() ? nullptr : &found->second;
}

bool Facts::isOfArguments(const SymbolicDim &dim) const {
  bool result = !dim.isUnknown();
  dim.walkSymbols([&](StringRef symbol) {
    const SymbolSource *from = source(symbol);
    auto argument =
        from ? dyn_cast<BlockArgument>(from->value) : BlockArgument();
    result &= argument && argument.getOwner() == entryBlock && !from->isElement;
  });
  return result;
}

bool Facts::isComputable(const SymbolicDim &dim) const {
  bool result = !dim.isUnknown();
  dim.walkSymbols(
      [&](StringRef symbol) { result &= source(symbol) != nullptr; });
  return result;
}

//===----------------------------------------------------------------------===//
// Equalities
//===----------------------------------------------------------------------===//

void Facts::addEquation(const SymbolicDim &left, const SymbolicDim &right) {
  if (!equations.add(left, right))
    return;
  for (auto &entry : tensors) {
    for (SymbolicDim &dim : entry.second->shape)
      dim = equations.resolve(dim);
    if (entry.second->elements)
      for (SymbolicDim &element : *entry.second->elements)
        element = equations.resolve(element);
  }
}

LogicalResult Facts::equate(const SymbolicDim &left, const SymbolicDim &right,
                            Operation *node, const Twine &what) {
  SymbolicDim one = resolve(left), other = resolve(right);
  if (one == other)
    return success();
  SymbolicDim difference = one - other;
  if (difference.isPositive() || (-difference).isPositive())
    return failure();
  checks.push_back({one, other, node, node->getLoc(),
                    "node '" + nodeName(node) + "': expects " + what.str() +
                        " " + describe(one, true) + " and " +
                        describe(other, true) + " to be equal"});
  addEquation(one, other);
  return success();
}

std::string Facts::describe(const SymbolicDim &dim, bool quotes) const {
  SymbolicDim resolved = resolve(dim);
  std::string text = resolved.str();
  func::FuncOp function = func;
  // What the analysis has named is told by where it comes from.
  bool isOwn = false;
  resolved.walkSymbols([&](StringRef symbol) {
    const SymbolSource *from = source(symbol);
    if (!symbol.starts_with(".") || !from)
      return;
    std::string name;
    if (auto argument = dyn_cast<BlockArgument>(from->value)) {
      auto given = function.getArgAttrOfType<StringAttr>(
          argument.getArgNumber(), "sextant.name");
      name = given ? given.str()
                   : "input " + std::to_string(argument.getArgNumber());
    } else if (Operation *op = from->value.getDefiningOp()) {
      name = nodeName(op);
    }
    std::string place = (from->isElement ? "element " : "dimension ") +
                        std::to_string(from->index) + " of '" + name + "'";
    for (size_t at = text.find(symbol); at != std::string::npos;
         at = text.find(symbol, at + place.size()))
      text.replace(at, symbol.size(), place);
    isOwn = true;
  });
  return isOwn || !quotes ? text : "'" + text + "'";
}
