//===- PositionTerm.td - what a term answers about positions -*- tablegen -*-===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEXTANT_IR_POSITIONTERM_TD
#define SEXTANT_IR_POSITIONTERM_TD

include "mlir/IR/OpBase.td"
include "mlir/Interfaces/InferTypeOpInterface.td"
include "mlir/Interfaces/SideEffectInterfaces.td"
include "Sextant/IR/SextantDialect.td"

def Sextant_PositionTerm : OpInterface<"PositionTermOpInterface"> {
  let cppNamespace = "::mlir::sextant";
  let description = [{
    A scalar op of a score region that depends on where the query and the key
    are. It answers at two levels. Statically, by `getSummary`, what kind of
    function of (i, j) it is. Dynamically, because past and lengths are
    run-time values, by *building* ranges of keys: for a range of query
    positions the keys that it does not hide, from positions alone or by a
    search of what it reads, and those for which it does nothing at all.
    Skipping rewrites loop bounds with the first two, and loops are split with
    the third; every target asks the same questions.
  }];
  let methods = [
    InterfaceMethod<"The score that the term changes.",
      "::mlir::Value", "getScore">,
    InterfaceMethod<"The position of the query, of index type.",
      "::mlir::Value", "getQueryPosition">,
    InterfaceMethod<"The position of the key, of index type.",
      "::mlir::Value", "getKeyPosition">,
    InterfaceMethod<"What is known about the term before any length is.",
      "::mlir::sextant::TermSummary", "getSummary">,
    InterfaceMethod<[{
        Builds a range of key positions outside which every key is hidden from
        every query of [first, last], which lie in one batch entry. A superset
        is allowed; nothing if the term hides no key by position. `resolve`
        gives the value, outside the region, of an operand of the term, or null
        where that differs from row to row.
      }],
      "::std::optional<::mlir::sextant::KeyRange>", "buildVisibleKeys",
      (ins "::mlir::OpBuilder &":$builder, "::mlir::Value":$first,
           "::mlir::Value":$last,
           "::llvm::function_ref<::mlir::Value(::mlir::Value)>":$resolve),
      /*methodBody=*/"", /*defaultImplementation=*/"return ::std::nullopt;">,
    InterfaceMethod<[{
        The same for a mask of which data decides what it hides: builds a search
        among `keys`, none of which lies outside the sequence, for the first and
        the last that some query of [first, last] sees. `data` says of what the
        term's operands are functions, and reads them. Nothing if the term reads
        no data, or if looking costs what skipping would save.
      }],
      "::std::optional<::mlir::sextant::KeyRange>", "findVisibleKeys",
      (ins "::mlir::OpBuilder &":$builder, "::mlir::Value":$first,
           "::mlir::Value":$last, "::mlir::sextant::KeyRange":$keys,
           "::mlir::sextant::TermData":$data),
      /*methodBody=*/"", /*defaultImplementation=*/"return ::std::nullopt;">,
    InterfaceMethod<[{
        Builds a range of key positions inside which the term returns its score
        unchanged for every query of [first, last]. A subset is allowed.
      }],
      "::std::optional<::mlir::sextant::KeyRange>", "buildInertKeys",
      (ins "::mlir::OpBuilder &":$builder, "::mlir::Value":$first,
           "::mlir::Value":$last,
           "::llvm::function_ref<::mlir::Value(::mlir::Value)>":$resolve),
      /*methodBody=*/"", /*defaultImplementation=*/"return ::std::nullopt;">,
    InterfaceMethod<[{
        The term in upstream scalar ops: its definition.
      }],
      "::mlir::Value", "lower", (ins "::mlir::OpBuilder &":$builder)>,
  ];
}

def Sextant_ScalarTerm : OpInterface<"ScalarTermOpInterface"> {
  let cppNamespace = "::mlir::sextant";
  let description = [{
    A scalar op of a score region that is no term of positions and keeps no
    score hidden: it is only lowered.
  }];
  let methods = [
    InterfaceMethod<"The op in upstream scalar ops: its definition.",
      "::mlir::Value", "lower", (ins "::mlir::OpBuilder &":$builder)>,
  ];
}

/// A term: pure, yields a score of the type it is given. No parent is required,
/// so that a term is a complete test of itself.
class Sextant_Term<string mnemonic, list<Trait> traits = []>
    : Op<Sextant_Dialect, mnemonic,
         !listconcat([Pure, AllTypesMatch<["score", "result"]>,
                      DeclareOpInterfaceMethods<Sextant_PositionTerm,
                        ["getSummary", "lower"]>], traits)>;

#endif // SEXTANT_IR_POSITIONTERM_TD
