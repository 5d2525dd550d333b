//===- AttentionAttrs.td - layouts and dimension roles -----*- tablegen -*-===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEXTANT_IR_ATTENTIONATTRS_TD
#define SEXTANT_IR_ATTENTIONATTRS_TD

include "Sextant/IR/SextantDialect.td"
include "mlir/IR/AttrTypeBase.td"
include "mlir/IR/EnumAttr.td"

class Sextant_Enum<string name, string summary, list<I32EnumAttrCase> cases>
    : I32EnumAttr<name, summary, cases> {
  let cppNamespace = "::mlir::sextant";
  let genSpecializedAttr = 0;
}

def Sextant_LayoutEnum : Sextant_Enum<"Layout",
    "order of the dimensions of an attention operand", [
      I32EnumAttrCase<"bhsd", 0>, // batch, head, sequence, size
      I32EnumAttrCase<"bshd", 1>, // batch, sequence, head, size
      I32EnumAttrCase<"thd", 2>,  // sequences end to end, head, size
    ]>;
def Sextant_Layout : EnumAttr<Sextant_Dialect, Sextant_LayoutEnum, "layout"> {
  let assemblyFormat = "custom<Word>($value)";
}

def Sextant_PairsEnum : Sextant_Enum<"Pairs",
    "which two of the rotated dimensions form a plane", [
      I32EnumAttrCase<"halves", 0>,      // t and t + rotated / 2
      I32EnumAttrCase<"interleaved", 1>, // 2 t and 2 t + 1
    ]>;
def Sextant_Pairs : EnumAttr<Sextant_Dialect, Sextant_PairsEnum, "pairs"> {
  let assemblyFormat = "custom<Word>($value)";
}

def Sextant_EmptyRowEnum : Sextant_Enum<"EmptyRow",
    "what a query row yields that may see no key", [
      I32EnumAttrCase<"zero", 0>,    // masks of -inf: ONNX, SDPA
      I32EnumAttrCase<"uniform", 1>, // masks of finfo.min: the average of V
    ]>;
def Sextant_EmptyRow
    : EnumAttr<Sextant_Dialect, Sextant_EmptyRowEnum, "empty_row"> {
  let assemblyFormat = "custom<Word>($value)";
}

def Sextant_RoleEnum : Sextant_Enum<"DimensionRole",
    "what one dimension of an auxiliary operand is indexed by", [
      I32EnumAttrCase<"batch", 0>,
      I32EnumAttrCase<"head", 1>,
      I32EnumAttrCase<"query", 2>,
      I32EnumAttrCase<"key", 3>,
      I32EnumAttrCase<"distance", 4>, // clamp(j - i + center, 0, size - 1)
      I32EnumAttrCase<"free", 5>,     // not indexed: read as a row
      I32EnumAttrCase<"label", 6>,    // the label of query and key
    ]>;

def Sextant_BeyondEnum : Sextant_Enum<"Beyond",
    "what is read for a distance or a label that has no entry", [
      I32EnumAttrCase<"clamp", 0>, // the first or the last entry
      I32EnumAttrCase<"zero", 1>,  // nothing: zero
      I32EnumAttrCase<"none", 2>,  // there is no such distance
    ]>;

def Sextant_Auxiliary : AttrDef<Sextant_Dialect, "Auxiliary"> {
  let mnemonic = "auxiliary";
  let summary = "how an auxiliary operand of an attention is indexed";
  let description = [{
    One role for each dimension. A dimension of size 1 with a role other than
    `distance` and `free` is broadcast. `batch`, `head`, `query` and `key`
    count from the first element of the operand, as the dimensions of the
    queries and keys do; a tile takes its slice. `distance` is entry
    clamp(j - i + center, 0, size - 1) of the absolute positions i and j: all
    entries beyond the first and the last equal them. `label` is the entry that
    the `labels` operand of the attention holds for query and key, clamped in
    the same way. With `beyond = zero` there are no entries beyond the first and
    the last; zero is read for them. `beyond = none` promises entries for every
    distance, as a method without a clip needs; `sextant-check-reach` refuses a
    table that is too short, when compiling or at run time. `free` dimensions
    come last; with one, the score region receives a tensor (or memref) of the
    free dimensions instead of a scalar.

    ```mlir
    #mask = #sextant.auxiliary<[batch, head, query, key]>
    #table = #sextant.auxiliary<[head, distance], center = 127>
    #edges = #sextant.auxiliary<[label, free], beyond = zero>
    ```
  }];
  let parameters = (ins ArrayRefParameter<"DimensionRole">:$roles,
                        DefaultValuedParameter<"int64_t", "0">:$center,
                        DefaultValuedParameter<"Beyond", "Beyond::clamp">:$beyond);
  let assemblyFormat = "`<` `[` custom<Roles>($roles) `]` `` custom<Entries>($center, $beyond) `>`";
  let builders = [AttrBuilder<(ins "::llvm::ArrayRef<DimensionRole>":$roles, "int64_t":$center), [{
    return $_get($_ctxt, roles, center, Beyond::clamp);
  }]>];
  let genVerifyDecl = 1;
  let extraClassDeclaration = [{
    /// Number of dimensions that the region receives as a row.
    unsigned getNumFree() const {
      return ::llvm::count(getRoles(), DimensionRole::free);
    }
    /// The dimension that is indexed by distance or label, if there is one.
    std::optional<unsigned> getEntryDim() const {
      for (auto [dim, role] : ::llvm::enumerate(getRoles()))
        if (role == DimensionRole::distance || role == DimensionRole::label)
          return dim;
      return std::nullopt;
    }
    bool readsLabels() const {
      return ::llvm::is_contained(getRoles(), DimensionRole::label);
    }
  }];
}
def Sextant_AuxiliaryArray
    : TypedArrayAttrBase<Sextant_Auxiliary, "array of auxiliary indexings">;

#endif // SEXTANT_IR_ATTENTIONATTRS_TD
