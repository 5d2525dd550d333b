//===- AttentionBase.td - what both forms of attention share -*- tablegen -*-===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEXTANT_IR_ATTENTIONBASE_TD
#define SEXTANT_IR_ATTENTIONBASE_TD

include "Sextant/IR/AttentionAttrs.td"
include "mlir/Dialect/Linalg/IR/LinalgInterfaces.td"
include "mlir/IR/OpAsmInterface.td"
include "mlir/Interfaces/InferTypeOpInterface.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

def Sextant_AttentionInterface : OpInterface<"AttentionOpInterface"> {
  let cppNamespace = "::mlir::sextant";
  let description = [{
    What `sextant.attention` and `sextant.online_attention` have in common, so
    that a pass is written once for both.
  }];
  let methods = [
    InterfaceMethod<"", "::mlir::OperandRange", "getQueries">,
    InterfaceMethod<"", "::mlir::OperandRange", "getKeys">,
    InterfaceMethod<"", "::mlir::Value", "getValue">,
    InterfaceMethod<"", "::mlir::OperandRange", "getAuxiliaries">,
    InterfaceMethod<"", "::mlir::ArrayAttr", "getRoles">,
    InterfaceMethod<"Tables by which the products of a pair are weighted.",
      "::mlir::OperandRange", "getModulations">,
    InterfaceMethod<"", "::mlir::ArrayAttr", "getModulationRoles">,
    InterfaceMethod<"The pair that each modulation belongs to.",
      "::llvm::ArrayRef<int64_t>", "getModulatedPairs">,
    InterfaceMethod<"The label of each query and key, or null.",
      "::mlir::Value", "getLabels">,
    InterfaceMethod<"", "::std::optional<::mlir::sextant::AuxiliaryAttr>", "getLabelRoles">,
    InterfaceMethod<"", "::mlir::OperandRange", "getOrigin">,
    InterfaceMethod<"", "::llvm::ArrayRef<int64_t>", "getStaticOrigin">,
    InterfaceMethod<"", "::llvm::APFloat", "getScale">,
    InterfaceMethod<"", "::mlir::sextant::Layout", "getQueryLayout">,
    InterfaceMethod<"", "::mlir::sextant::Layout", "getKeyLayout">,
    InterfaceMethod<"", "::mlir::sextant::Layout", "getValueLayout">,
    InterfaceMethod<"", "::mlir::sextant::Layout", "getResultLayout">,
    InterfaceMethod<"", "::mlir::sextant::EmptyRow", "getEmptyRow">,
    InterfaceMethod<"The region that turns a product into a score; for plain "
                    "softmax attention it yields what it is given.",
      "::mlir::Region &", "getScore">,
  ];
  let extraSharedClassDeclaration = [{
    /// The origin as constants and values: batch, head, query, key.
    ::llvm::SmallVector<::mlir::OpFoldResult> getMixedOrigin() {
      return ::mlir::getMixedValues($_op.getStaticOrigin(), $_op.getOrigin(),
                                    $_op->getContext());
    }
    /// The type of scores: f64 where the queries are, else f32.
    ::mlir::FloatType getScoreType() {
      return ::mlir::sextant::getScoreTypeOf($_op.getQueries().front().getType());
    }
    /// Whether the region yields the score that it is given.
    bool hasIdentityScore() {
      return ::mlir::sextant::isIdentityScore($_op.getScore());
    }
  }];
}

defvar attentionOperands = [{
    Operands, with their constraints:
    - (C1) `queries` and `keys`: as many keys as queries, at least one pair; the
      score is the sum of the pairs' products.
    - (C2) queries, keys and value have rank 4 (3 in layout `thd`) and one
      element type: f16, bf16, f32 or f64. Head counts and head sizes are
      static.
    - (C3) batch sizes agree.
    - (C4) all queries have the same number of heads and of rows.
    - (C5) all keys and the value have the same number of rows.
    - (C6) the number of query heads is a multiple of every key's, and of the
      value's, number of heads.
    - (C7) the query and the key of a pair have the same head size.
    - (C8) `origin` has four entries, batch, head, query and key; the last two
      may be tensors or memrefs of one index or integer for each batch entry,
      and are then written with their types: `at [0, 0, %past : tensor<?xi64>, 0]`.
    - (C9) `roles` has one entry for each auxiliary operand, with one role for
      each of its dimensions; a dimension of size other than 1 has the size of
      its role. `beyond = zero` is of an operand without free dimensions.
    - (C10) `sink` has one logit for each query head, in the score's type.
    - (C11) the region takes score, batch, head, query, key and one value for
      each auxiliary operand, of its element type or, with free dimensions, a
      tensor or memref of their shape; it yields one score.
    - (C12) the ops of the region do nothing but compute and read.
    - (C13) results and destinations have the shapes and element types that
      follow.
    - (C15) `modulations` weight the products of their pairs, each element of
      the head size by its own: the product of pair p is
      sum_d q(i,d) * a(...,d) * k(j,d). There are roles and a pair for each, in
      ascending order of pairs, at most one for each; roles end in one free
      dimension, of the pair's head size; elements are floats.
    - (C16) `labels`, integers of several bits with the roles batch, head, query and key alone,
      are there if a role is `label`, and have `label_roles`.
    - (C21) `scale` is finite in the type of scores.

    Several operands of one clause are separated by commas, each with its own
    roles and type, and the region takes an argument for each in that order:
    `auxiliary(%a as <[head]> : tensor<6xf32>, %b as <[batch, key]> : tensor<2x?xf32>)`.

    What it refuses: dropout, and positions that are not contiguous within a
    row of queries or keys (they come as auxiliary operands). A projection that
    packs queries, keys and values is sliced by `tensor.extract_slice`, which
    becomes a strided view and no copy.

}];

// Printed in this order by both forms. A custom directive prints the space
// before what it prints, or nothing; so does a named attribute.
defvar attentionFormat = [{
  `query` `(` $queries `:` type($queries) `)`
  `key` `(` $keys `:` type($keys) `)`
  `value` `(` $value `:` type($value) `)`
  `` custom<Modulations>($modulations, type($modulations), $modulation_roles, $modulated_pairs)
  `` custom<Auxiliaries>($auxiliaries, type($auxiliaries), $roles)
  (`labels` `(` $labels^ `as` $label_roles `:` type($labels) `)`)?
  `` custom<Origin>($origin, type($origin), $static_origin)
  `` custom<Layouts>($query_layout, $key_layout, $value_layout, $result_layout)
  (`scale` custom<Number>($scale)^)? (`empty_row` `` $empty_row^)?
}];

defvar attentionArguments = (ins
  Arg<Variadic<AnyShaped>, "[B, H, Sq, D_p] in `query_layout`">:$queries,
  Arg<Variadic<AnyShaped>, "[B, H_p, Sk, D_p] in `key_layout`">:$keys,
  Arg<AnyShaped, "[B, H_v, Sk, Dv] in `value_layout`">:$value,
  Arg<Variadic<AnyShaped>, "operands that the region reads by role">:$auxiliaries,
  Arg<Variadic<AnyType>, "the entries of the origin not in `static_origin`">:$origin,
  Sextant_AuxiliaryArray:$roles,
  DenseI64ArrayAttr:$static_origin,
  DefaultValuedAttr<F64Attr, "1.0">:$scale,
  DefaultValuedAttr<Sextant_Layout, "Layout::bhsd">:$query_layout,
  DefaultValuedAttr<Sextant_Layout, "Layout::bhsd">:$key_layout,
  DefaultValuedAttr<Sextant_Layout, "Layout::bhsd">:$value_layout,
  DefaultValuedAttr<Sextant_Layout, "Layout::bhsd">:$result_layout,
  DefaultValuedAttr<Sextant_EmptyRow, "EmptyRow::zero">:$empty_row);

defvar relativeArguments = (ins
  Arg<Variadic<AnyShaped>, "weights of the products of a pair">:$modulations,
  Arg<Optional<AnyShaped>, "[B, H, Sq, Sk], or less by `label_roles`">:$labels,
  DefaultValuedAttr<Sextant_AuxiliaryArray, "{}">:$modulation_roles,
  DefaultValuedAttr<DenseI64ArrayAttr, "{}">:$modulated_pairs,
  OptionalAttr<Sextant_Auxiliary>:$label_roles);

class Sextant_AttentionLike<string mnemonic, list<Trait> traits>
    : Op<Sextant_Dialect, mnemonic, !listconcat([
        AttrSizedOperandSegments, Sextant_AttentionInterface,
        DeclareOpInterfaceMethods<AggregatedOpInterface, ["decomposeOperation"]>,
        DeclareOpInterfaceMethods<OpAsmOpInterface, ["getAsmBlockArgumentNames"]>,
      ], traits)> {
  let regions = (region SizedRegion<1>:$score);
  let hasVerifier = 1;
  let hasRegionVerifier = 1;
  let hasCanonicalizer = 1;
}

#endif // SEXTANT_IR_ATTENTIONBASE_TD
