//===- AttentionSyntax.h - custom directives of attention -------*- C++ -*-===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEXTANT_LIB_SEXTANT_IR_ATTENTIONSYNTAX_H
#define SEXTANT_LIB_SEXTANT_IR_ATTENTIONSYNTAX_H

#include "sextant/Sextant/IR/Sextant.h"

namespace mlir::sextant {

/// `auxiliary(%a as <[head]> : tensor<6xf32>, ...)`, or nothing.
ParseResult
parseAuxiliaries(OpAsmParser &parser,
                 SmallVectorImpl<OpAsmParser::UnresolvedOperand> &operands,
                 SmallVectorImpl<Type> &types, ArrayAttr &roles);
void printAuxiliaries(OpAsmPrinter &printer, Operation *op,
                      OperandRange operands, TypeRange types, ArrayAttr roles);

/// `modulate(0 by %a as <[distance, free]> : tensor<7x16xf32>, ...)`, or
/// nothing.
ParseResult
parseModulations(OpAsmParser &parser,
                 SmallVectorImpl<OpAsmParser::UnresolvedOperand> &operands,
                 SmallVectorImpl<Type> &types, ArrayAttr &roles,
                 DenseI64ArrayAttr &pairs);
void printModulations(OpAsmPrinter &printer, Operation *op,
                      OperandRange operands, TypeRange types, ArrayAttr roles,
                      DenseI64ArrayAttr pairs);

/// `at [0, 0, %i : tensor<2xindex>, %j]`, or nothing for the origin of zeros.
/// An entry without a type is an index.
ParseResult
parseOrigin(OpAsmParser &parser,
            SmallVectorImpl<OpAsmParser::UnresolvedOperand> &operands,
            SmallVectorImpl<Type> &types, DenseI64ArrayAttr &staticOrigin);
void printOrigin(OpAsmPrinter &printer, Operation *op, OperandRange operands,
                 TypeRange types, DenseI64ArrayAttr staticOrigin);

/// `layout query bshd key bhsd ...`: those that are not bhsd, or nothing.
ParseResult parseLayouts(OpAsmParser &parser, LayoutAttr &query,
                         LayoutAttr &key, LayoutAttr &value,
                         LayoutAttr &result);
void printLayouts(OpAsmPrinter &printer, Operation *op, LayoutAttr query,
                  LayoutAttr key, LayoutAttr value, LayoutAttr result);

/// `score { ... }`, or nothing for a region that yields what it is given.
ParseResult parseScore(OpAsmParser &parser, Region &region,
                       ArrayRef<Type> queries, ArrayRef<Type> auxiliaries,
                       ArrayAttr roles);
void printScore(OpAsmPrinter &printer, Operation *op, Region &region,
                TypeRange queries, TypeRange auxiliaries, ArrayAttr roles);

} // namespace mlir::sextant

#endif // SEXTANT_LIB_SEXTANT_IR_ATTENTIONSYNTAX_H
