// RUN: sextant-opt %s --sextant-permit-aliases --split-input-file | FileCheck %s
// RUN: sextant-opt %s --sextant-permit-aliases --split-input-file --remarks-filter=sextant-permit-aliases 2>&1 >/dev/null | FileCheck %s --check-prefix=REMARK

!cache = memref<?x3x?x16xf32, strided<[?, ?, 16, 1]>>
!rows = memref<?x3x?x16xf32>

// REMARK: a present may be the memory of its past{{.*}}input=1
// CHECK: module attributes {sextant.aliases = array<i64: 1>, sextant.open_strides = array<i64: 0, 2, 2>}
func.func @grows_behind_a_past(%rows: !rows, %past: !cache, %out: !cache {sextant.role = "output"}) {
  sextant.cache_append ins(%rows : !rows) behind(%past : !cache) outs(%out : !cache)
  return
}

// -----

!cache = memref<?x?x3x16xf32, strided<[?, 48, 16, 1]>>
!rows = memref<?x?x3x16xf32>

// Reading either is fine, before and after.
// CHECK: module attributes {sextant.aliases = array<i64: -1, 1>, sextant.open_strides = array<i64: 0, 1, 0, 1>}
func.func @reads_both(%rows: !rows, %past: !cache, %sum: memref<f32> {sextant.role = "output"},
                      %out: !cache {sextant.role = "output"}) {
  %c0 = arith.constant 0 : index
  sextant.cache_append ins(%rows : !rows) behind(%past : !cache) outs(%out : !cache) layout bshd
  %x = memref.load %past[%c0, %c0, %c0, %c0] : !cache
  %y = memref.load %out[%c0, %c0, %c0, %c0] : !cache
  %z = arith.addf %x, %y : f32
  memref.store %z, %sum[] : memref<f32>
  return
}

// -----

!cache = memref<?x3x?x16xf32, strided<[?, ?, 16, 1]>>
!rows = memref<?x3x?x16xf32>
!none = memref<?x3x0x16xf32>

// CHECK: module attributes {sextant.aliases = array<i64: 1>, sextant.open_strides = array<i64: 0, 2, 2, 0>}
func.func @replaces_rows(%rows: !rows, %past: !cache, %out: !cache {sextant.role = "output"}, %at: memref<?xi64>,
                         %none: !none {sextant.role = "slot"}) {
  sextant.cache_append ins(%none : !none) behind(%past : !cache) outs(%out : !cache)
  sextant.cache_append ins(%rows : !rows) outs(%out : !cache) at(%at : memref<?xi64>)
  return
}

// -----

!cache = memref<?x3x?x16xf32, strided<[?, ?, 16, 1]>>
!rows = memref<?x3x?x16xf32>
!none = memref<?x3x0x16xf32>

// REMARK: output is apart from all inputs: its past is read after rows of it are replaced
// CHECK: sextant.aliases = array<i64: -1, -1>
func.func @keeps_a_past_that_is_read(%rows: !rows, %past: !cache, %out: !cache {sextant.role = "output"},
                                     %x: memref<f32> {sextant.role = "output"}, %at: memref<?xi64>,
                                     %none: !none {sextant.role = "slot"}) {
  %c0 = arith.constant 0 : index
  sextant.cache_append ins(%none : !none) behind(%past : !cache) outs(%out : !cache)
  sextant.cache_append ins(%rows : !rows) outs(%out : !cache) at(%at : memref<?xi64>)
  %y = memref.load %past[%c0, %c0, %c0, %c0] : !cache
  memref.store %y, %x[] : memref<f32>
  return
}

// -----

!cache = memref<?x3x?x16xf32, strided<[?, ?, 16, 1]>>
!rows = memref<?x3x?x16xf32>

// REMARK: output is apart from all inputs: something else writes to it too
// CHECK: sextant.aliases = array<i64: -1>
func.func @scales_its_present(%rows: !rows, %past: !cache, %out: !cache {sextant.role = "output"}) {
  %c0 = arith.constant 0 : index
  %zero = arith.constant 0.0 : f32
  %n = memref.dim %rows, %c0 : !rows
  sextant.cache_append ins(%rows : !rows) behind(%past : !cache) outs(%out : !cache)
  %part = memref.subview %out[0, 0, 0, 0] [%n, 1, 1, 16] [1, 1, 1, 1]
      : !cache to memref<?x1x1x16xf32, strided<[?, ?, 16, 1]>>
  linalg.fill ins(%zero : f32) outs(%part : memref<?x1x1x16xf32, strided<[?, ?, 16, 1]>>)
  return
}

// -----

!cache = memref<?x3x?x16xf32, strided<[?, ?, 16, 1]>>

// REMARK: output is apart from all inputs: its past has other strides
// CHECK: sextant.aliases = array<i64: -1>
func.func @needs_one_layout(%rows: memref<?x3x?x16xf32>, %past: memref<?x3x?x16xf32>,
                            %out: !cache {sextant.role = "output"}) {
  sextant.cache_append ins(%rows : memref<?x3x?x16xf32>) behind(%past : memref<?x3x?x16xf32>) outs(%out : !cache)
  return
}

// -----

!cache = memref<?x3x?x16xf32, strided<[?, ?, 16, 1]>>
!rows = memref<?x3x?x16xf32>

// REMARK: output is apart from all inputs: something writes to its past
// CHECK: sextant.aliases = array<i64: -1>
func.func @overwrites_its_past(%rows: !rows, %past: !cache, %out: !cache {sextant.role = "output"}, %at: memref<?xi64>) {
  sextant.cache_append ins(%rows : !rows) behind(%past : !cache) outs(%out : !cache)
  sextant.cache_append ins(%rows : !rows) outs(%past : !cache) at(%at : memref<?xi64>)
  return
}

// -----

!cache = memref<?x3x?x16xf32, strided<[?, ?, 16, 1]>>
!rows = memref<?x3x?x16xf32>

// REMARK: output is apart from all inputs: it is appended to in more than one way
// CHECK: sextant.aliases = array<i64: -1>
func.func @has_two_pasts(%rows: !rows, %past: !cache, %other: !cache, %out: !cache {sextant.role = "output"}) {
  sextant.cache_append ins(%rows : !rows) behind(%past : !cache) outs(%out : !cache)
  sextant.cache_append ins(%rows : !rows) behind(%other : !cache) outs(%out : !cache)
  return
}

// -----

!cache = memref<?x3x?x16xf32, strided<[?, ?, 16, 1]>>
!rows = memref<?x3x?x16xf32>

// What is in front of the append that brings the past would be lost.
// REMARK: output is apart from all inputs: it is appended to in more than one way
// CHECK: sextant.aliases = array<i64: -1>
func.func @replaces_rows_too_early(%rows: !rows, %past: !cache, %out: !cache {sextant.role = "output"}, %at: memref<?xi64>) {
  sextant.cache_append ins(%rows : !rows) outs(%out : !cache) at(%at : memref<?xi64>)
  sextant.cache_append ins(%rows : !rows) behind(%past : !cache) outs(%out : !cache)
  return
}

// -----

!cache = memref<?x3x?x16xf32, strided<[?, ?, 16, 1]>>
!rows = memref<?x3x?x16xf32>

// REMARK: a present may be the memory of its past{{.*}}input=1
// REMARK: output is apart from all inputs: its past is no input
// CHECK: sextant.aliases = array<i64: 1, -1>
func.func @grows_behind_another_present(%rows: !rows, %past: !cache, %out: !cache {sextant.role = "output"},
                                        %longer: !cache {sextant.role = "output"}) {
  sextant.cache_append ins(%rows : !rows) behind(%past : !cache) outs(%out : !cache)
  sextant.cache_append ins(%rows : !rows) behind(%out : !cache) outs(%longer : !cache)
  return
}
