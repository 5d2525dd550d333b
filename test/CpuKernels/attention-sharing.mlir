// RUN: sextant-opt %s -sextant-lower-cpu-kernels -canonicalize | FileCheck %s

// The same operations on the same operands, but wired differently, are not the
// same score: only the first and the third share their functions.
// CHECK: call @sextant_attention(
// CHECK: call @sextant_attention_{{[0-9]+}}(
// CHECK: call @sextant_attention(
!q = memref<1x2x?x12xf32>
func.func @three_layers(%q: !q, %k: !q, %v: !q, %a: f32, %o: !q, %p: !q, %r: !q) {
  sextant_cpu.attention ins(%q, %k, %v : !q, !q, !q) capture(%a : f32) outs(%o : !q) {
  ^bb0(%s: f32, %b: index, %h: index, %i: index, %j: index, %c: f32):
    %0 = arith.subf %s, %c : f32
    sextant_cpu.yield %0 : f32
  }
  sextant_cpu.attention ins(%o, %k, %v : !q, !q, !q) capture(%a : f32) outs(%p : !q) {
  ^bb0(%s: f32, %b: index, %h: index, %i: index, %j: index, %c: f32):
    %0 = arith.subf %c, %s : f32
    sextant_cpu.yield %0 : f32
  }
  sextant_cpu.attention ins(%p, %k, %v : !q, !q, !q) capture(%a : f32) outs(%r : !q) {
  ^bb0(%s: f32, %b: index, %h: index, %i: index, %j: index, %c: f32):
    %0 = arith.subf %s, %c : f32
    sextant_cpu.yield %0 : f32
  }
  return
}
