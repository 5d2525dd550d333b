//===- SymbolicDimParser.cpp - reads sizes as exporters print them --------===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "sextant/Onnx/SymbolicDim.h"

#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringExtras.h"

using namespace mlir::sextant;

namespace {

/// sum := product (('+' | '-') product)*
/// product := unary (('*' | '//' | '/' | '%') unary)*
/// unary := '-' unary | power
/// power := primary ('**' number)?
/// primary := number | name | name '(' sum (',' sum)* ')' | '(' sum ')'
class Parser {
public:
  explicit Parser(llvm::StringRef text) : rest(text) {}

  SymbolicDim parse() {
    SymbolicDim result = sum();
    rest = rest.ltrim();
    return rest.empty() ? result : SymbolicDim();
  }

private:
  bool consume(llvm::StringRef token) {
    rest = rest.ltrim();
    return rest.consume_front(token);
  }

  SymbolicDim sum() {
    // Text from a file must not exhaust the stack.
    if (++depth > 64)
      return {};
    SymbolicDim result = product();
    while (!result.isUnknown()) {
      if (consume("+"))
        result = result + product();
      else if (consume("-"))
        result = result - product();
      else
        break;
    }
    --depth;
    return result;
  }

  SymbolicDim product() {
    SymbolicDim result = unary();
    while (!result.isUnknown()) {
      if (consume("//") || consume("/"))
        result = result.floorDiv(unary());
      else if (consume("%"))
        result = result.mod(unary());
      else if (!rest.ltrim().starts_with("**") && consume("*"))
        result = result * unary();
      else
        break;
    }
    return result;
  }

  SymbolicDim unary() {
    bool negative = false;
    while (consume("-"))
      negative = !negative;
    SymbolicDim result = power();
    return negative ? -result : result;
  }

  SymbolicDim power() {
    SymbolicDim base = primary();
    if (!consume("**"))
      return base;
    rest = rest.ltrim();
    unsigned exponent = 0;
    if (rest.consumeInteger(10, exponent) || exponent > 8)
      return {};
    SymbolicDim result(1);
    while (exponent--)
      result = result * base;
    return result;
  }

  SymbolicDim primary() {
    if (consume("(")) {
      SymbolicDim inner = sum();
      return consume(")") ? inner : SymbolicDim();
    }
    rest = rest.ltrim();
    if (!rest.empty() && llvm::isDigit(rest.front())) {
      int64_t value = 0;
      if (rest.consumeInteger(10, value))
        return {};
      return SymbolicDim(value);
    }
    llvm::StringRef name = rest.take_while([](char c) {
      return llvm::isAlnum(c) || c == '_' || c == '.' || c == ':' || c == '$';
    });
    if (name.empty())
      return {};
    rest = rest.drop_front(name.size());
    if (!consume("("))
      return SymbolicDim::symbol(name);
    llvm::SmallVector<SymbolicDim> arguments;
    do {
      arguments.push_back(sum());
      if (arguments.back().isUnknown())
        return {};
    } while (consume(","));
    if (!consume(")"))
      return {};
    return call(name, arguments);
  }

  SymbolicDim call(llvm::StringRef name,
                   llvm::ArrayRef<SymbolicDim> arguments) {
    SymbolicDim result = arguments.front();
    if (name.equals_insensitive("min") || name.equals_insensitive("max")) {
      for (const SymbolicDim &argument : arguments.drop_front())
        result = name.equals_insensitive("min") ? result.min(argument)
                                                : result.max(argument);
      return result;
    }
    if (arguments.size() == 1 && name == "floor")
      return result;
    if (arguments.size() != 2)
      return {};
    if (name == "FloorDiv")
      return result.floorDiv(arguments[1]);
    if (name == "CeilDiv")
      return result.ceilDiv(arguments[1]);
    if (name == "Mod" || name == "PythonMod")
      return result.mod(arguments[1]);
    return {};
  }

  llvm::StringRef rest;
  int depth = 0;
};

} // namespace

SymbolicDim SymbolicDim::parse(llvm::StringRef text) {
  return Parser(text).parse();
}
