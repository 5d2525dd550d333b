//===- SextantDialect.td - the sextant dialect ------------*- tablegen -*-===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEXTANT_IR_SEXTANTDIALECT_TD
#define SEXTANT_IR_SEXTANTDIALECT_TD

include "mlir/IR/OpBase.td"

def Sextant_Dialect : Dialect {
  let name = "sextant";
  let cppNamespace = "::mlir::sextant";
  let hasRegionArgAttrVerify = 1;
  let hasRegionResultAttrVerify = 1;
  let summary = "attention that knows where things are";
  let description = [{
    The part of a transformer that depends on position: attention, the terms
    that act on its scores, the rotation of its queries and keys, and LASER's
    low-rank projections. Everything else stays in upstream dialects.

    > What is fixed at compile time is an attribute. What acts on a score is a
    > scalar op. What acts on a vector is a producer. The region says in which
    > order.
  }];
  let extraClassDeclaration = [{
    ::mlir::Attribute parseAttribute(::mlir::DialectAsmParser &parser, ::mlir::Type type) const override;
    void printAttribute(::mlir::Attribute attribute, ::mlir::DialectAsmPrinter &printer) const override;
  }];
}

#endif // SEXTANT_IR_SEXTANTDIALECT_TD
