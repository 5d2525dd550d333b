// RUN: sextant-opt %s | FileCheck %s
// RUN: sextant-opt %s --canonicalize | FileCheck %s --check-prefix=FOLDED
// RUN: sextant-opt %s --sextant-decompose | FileCheck %s --check-prefix=DROPPED
// RUN: sextant-opt %s --sextant-decompose=keep-numbers | FileCheck %s

// CHECK-LABEL: func @a_check_has_a_number
// CHECK-SAME: %[[HOLDS:.*]]: i1, %[[N:.*]]: i64
// CHECK: %[[CHECKED:.*]] = sextant.got %[[N]] unless %[[HOLDS]]
// CHECK: cf.assert %[[CHECKED]], "expects less"
// FOLDED-LABEL: func @a_check_has_a_number
// FOLDED: sextant.got
// DROPPED-LABEL: func @a_check_has_a_number
// DROPPED-SAME: %[[HOLDS:.*]]: i1,
// DROPPED-NOT: sextant.got
// DROPPED: cf.assert %[[HOLDS]], "expects less"
func.func @a_check_has_a_number(%holds: i1, %n: i64) {
  %checked = sextant.got %n unless %holds
  cf.assert %checked, "expects less"
  return
}

// FOLDED-LABEL: func @what_holds_is_not_checked
// FOLDED-NEXT: return
func.func @what_holds_is_not_checked(%n: i64) {
  %yes = arith.constant true
  %checked = sextant.got %n unless %yes
  cf.assert %checked, "expects less"
  return
}

// FOLDED-LABEL: func @what_never_holds_keeps_its_number
// FOLDED: %[[CHECKED:.*]] = sextant.got
// FOLDED: cf.assert %[[CHECKED]]
func.func @what_never_holds_keeps_its_number(%n: i64) {
  %no = arith.constant false
  %checked = sextant.got %n unless %no
  cf.assert %checked, "expects less"
  return
}
