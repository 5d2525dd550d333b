// RUN: sextant-opt %s --convert-linalg-to-loops --sextant-lower-cpu-kernels %to_llvm \
// RUN:   | mlir-runner -O2 -e main --entry-point-result=void --shared-libs=%runner_utils | FileCheck %s
// REQUIRES: x86_64

// Grouped heads, head sizes that no register divides, a bias and a mask, a
// past, from one row and key to several blocks of both: against loops that do
// what the definition says.


func.func @attention(%q: memref<?x4x?x20xf32>, %k: memref<?x2x?x20xf32>, %v: memref<?x2x?x24xf32>, %slopes: memref<4xf32>, %past: index,
                     %o: memref<?x4x?x24xf32>) {
  sextant_cpu.attention ins(%q, %k, %v : memref<?x4x?x20xf32>, memref<?x2x?x20xf32>, memref<?x2x?x24xf32>)
      auxiliary(%slopes : memref<4xf32>) [#sextant.auxiliary<[head]>]
      origin(%past : index) at [0, 0, -9223372036854775808, 0]
      outs(%o : memref<?x4x?x24xf32>) scale 2.500000e-01 {
  ^bb0(%s: f32, %b: index, %h: index, %i: index, %j: index, %slope: f32):
    %0 = sextant.alibi %s slope %slope at %i, %j : f32
    %1 = sextant.window %0 at %i, %j left 67 right 2 : f32
    sextant_cpu.yield %1 : f32
  }
  return
}

// The largest difference from the definition.
func.func @difference(%q: memref<?x4x?x20xf32>, %k: memref<?x2x?x20xf32>, %v: memref<?x2x?x24xf32>, %slopes: memref<4xf32>, %past: index,
                      %o: memref<?x4x?x24xf32>) -> f32 {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %cH = arith.constant 4 : index
  %cD = arith.constant 20 : index
  %cV = arith.constant 24 : index
  %left = arith.constant 67 : index
  %right = arith.constant 2 : index
  %zero = arith.constant 0.0 : f32
  %scale = arith.constant 0.25 : f32
  %lowest = arith.constant -1.0e30 : f32
  %sq = memref.dim %q, %c2 : memref<?x4x?x20xf32>
  %sk = memref.dim %k, %c2 : memref<?x2x?x20xf32>
  %p = memref.alloc(%sk) : memref<?xf32>
  %worst = scf.for %h = %c0 to %cH step %c1 iter_args(%w0 = %zero) -> f32 {
    %g = arith.divui %h, %c2 : index
    %slope = memref.load %slopes[%h] : memref<4xf32>
    %w3 = scf.for %i = %c0 to %sq step %c1 iter_args(%w1 = %w0) -> f32 {
      %i_abs = arith.addi %i, %past : index
      %m = scf.for %j = %c0 to %sk step %c1 iter_args(%so_far = %lowest) -> f32 {
        %dot = scf.for %d = %c0 to %cD step %c1 iter_args(%a = %zero) -> f32 {
          %x = memref.load %q[%c0, %h, %i, %d] : memref<?x4x?x20xf32>
          %y = memref.load %k[%c0, %g, %j, %d] : memref<?x2x?x20xf32>
          %f = math.fma %x, %y, %a : f32
          scf.yield %f : f32
        }
        %s = arith.mulf %dot, %scale : f32
        %dist = arith.subi %j, %i_abs : index
        %int = arith.index_cast %dist : index to i32
        %float = arith.sitofp %int : i32 to f32
        %t = math.fma %slope, %float, %s : f32
        %before = arith.addi %j, %left : index
        %after = arith.addi %i_abs, %right : index
        %in0 = arith.cmpi sge, %before, %i_abs : index
        %in1 = arith.cmpi sle, %j, %after : index
        %in = arith.andi %in0, %in1 : i1
        %u = arith.select %in, %t, %lowest : f32
        memref.store %u, %p[%j] : memref<?xf32>
        %n = arith.maximumf %so_far, %u : f32
        scf.yield %n : f32
      }
      %l = scf.for %j = %c0 to %sk step %c1 iter_args(%so_far = %zero) -> f32 {
        %s = memref.load %p[%j] : memref<?xf32>
        %x = arith.subf %s, %m : f32
        %e = math.exp %x : f32
        %seen = arith.cmpf ogt, %s, %lowest : f32
        %y = arith.select %seen, %e, %zero : f32
        memref.store %y, %p[%j] : memref<?xf32>
        %n = arith.addf %so_far, %y : f32
        scf.yield %n : f32
      }
      %empty = arith.cmpf oeq, %l, %zero : f32
      %w5 = scf.for %d = %c0 to %cV step %c1 iter_args(%w2 = %w1) -> f32 {
        %acc = scf.for %j = %c0 to %sk step %c1 iter_args(%a = %zero) -> f32 {
          %x = memref.load %p[%j] : memref<?xf32>
          %y = memref.load %v[%c0, %g, %j, %d] : memref<?x2x?x24xf32>
          %f = math.fma %x, %y, %a : f32
          scf.yield %f : f32
        }
        %r = arith.divf %acc, %l : f32
        %expected = arith.select %empty, %zero, %r : f32
        %got = memref.load %o[%c0, %h, %i, %d] : memref<?x4x?x24xf32>
        %x = arith.subf %got, %expected : f32
        %e = math.absf %x : f32
        %n = arith.maximumf %w2, %e : f32
        scf.yield %n : f32
      }
      scf.yield %w5 : f32
    }
    scf.yield %w3 : f32
  }
  memref.dealloc %p : memref<?xf32>
  return %worst : f32
}

func.func @fill(%m: memref<?x?x?x?xf32>, %seed: index) {
  %c1009 = arith.constant 1009 : index
  %c7919 = arith.constant 7919 : index
  linalg.generic {indexing_maps = [affine_map<(a, b, c, d) -> (a, b, c, d)>],
                  iterator_types = ["parallel", "parallel", "parallel", "parallel"]} outs(%m : memref<?x?x?x?xf32>) {
  ^bb0(%out: f32):
    %h = linalg.index 1 : index
    %i = linalg.index 2 : index
    %d = linalg.index 3 : index
    %x = arith.muli %i, %c7919 : index
    %y = arith.addi %x, %h : index
    %z = arith.muli %y, %c7919 : index
    %w = arith.addi %z, %d : index
    %t = arith.addi %w, %seed : index
    %u = arith.muli %t, %c7919 : index
    %r = arith.remui %u, %c1009 : index
    %int = arith.index_cast %r : index to i32
    %float = arith.sitofp %int : i32 to f32
    %scale = arith.constant 0.002 : f32
    %one = arith.constant 1.0 : f32
    %f = arith.mulf %float, %scale : f32
    %e = arith.subf %f, %one : f32
    linalg.yield %e : f32
  }
  return
}

func.func @main() {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %c9 = arith.constant 9 : index
  %zero = arith.constant 0.0 : f32
  %unset = arith.constant 1.0e10 : f32
  %slopes = memref.alloc() : memref<4xf32>
  %quarter = arith.constant 0.0625 : f32
  linalg.fill ins(%quarter : f32) outs(%slopes : memref<4xf32>)
  %eighth = arith.constant 0.125 : f32
  memref.store %eighth, %slopes[%c2] : memref<4xf32>
  %lengths = memref.alloc() : memref<9xindex>
  %n0 = arith.constant 0 : index
  %l0 = arith.constant 1 : index
  memref.store %l0, %lengths[%n0] : memref<9xindex>
  %n1 = arith.constant 1 : index
  %l1 = arith.constant 2 : index
  memref.store %l1, %lengths[%n1] : memref<9xindex>
  %n2 = arith.constant 2 : index
  %l2 = arith.constant 3 : index
  memref.store %l2, %lengths[%n2] : memref<9xindex>
  %n3 = arith.constant 3 : index
  %l3 = arith.constant 7 : index
  memref.store %l3, %lengths[%n3] : memref<9xindex>
  %n4 = arith.constant 4 : index
  %l4 = arith.constant 13 : index
  memref.store %l4, %lengths[%n4] : memref<9xindex>
  %n5 = arith.constant 5 : index
  %l5 = arith.constant 16 : index
  memref.store %l5, %lengths[%n5] : memref<9xindex>
  %n6 = arith.constant 6 : index
  %l6 = arith.constant 50 : index
  memref.store %l6, %lengths[%n6] : memref<9xindex>
  %n7 = arith.constant 7 : index
  %l7 = arith.constant 131 : index
  memref.store %l7, %lengths[%n7] : memref<9xindex>
  %n8 = arith.constant 8 : index
  %l8 = arith.constant 290 : index
  memref.store %l8, %lengths[%n8] : memref<9xindex>
  %worst = scf.for %a = %c0 to %c9 step %c1 iter_args(%w0 = %zero) -> f32 {
    %w = scf.for %c = %c0 to %c9 step %c1 iter_args(%w1 = %w0) -> f32 {
      %sq = memref.load %lengths[%a] : memref<9xindex>
      %sk = memref.load %lengths[%c] : memref<9xindex>
      %q = memref.alloc(%c1, %sq) : memref<?x4x?x20xf32>
      %k = memref.alloc(%c1, %sk) : memref<?x2x?x20xf32>
      %v = memref.alloc(%c1, %sk) : memref<?x2x?x24xf32>
      %o = memref.alloc(%c1, %sq) : memref<?x4x?x24xf32>
      %qd = memref.cast %q : memref<?x4x?x20xf32> to memref<?x?x?x?xf32>
      %kd = memref.cast %k : memref<?x2x?x20xf32> to memref<?x?x?x?xf32>
      %vd = memref.cast %v : memref<?x2x?x24xf32> to memref<?x?x?x?xf32>
      func.call @fill(%qd, %c0) : (memref<?x?x?x?xf32>, index) -> ()
      func.call @fill(%kd, %c1) : (memref<?x?x?x?xf32>, index) -> ()
      func.call @fill(%vd, %c2) : (memref<?x?x?x?xf32>, index) -> ()
      linalg.fill ins(%unset : f32) outs(%o : memref<?x4x?x24xf32>)
      func.call @attention(%q, %k, %v, %slopes, %c, %o) : (memref<?x4x?x20xf32>, memref<?x2x?x20xf32>, memref<?x2x?x24xf32>, memref<4xf32>, index, memref<?x4x?x24xf32>) -> ()
      %e = func.call @difference(%q, %k, %v, %slopes, %c, %o) : (memref<?x4x?x20xf32>, memref<?x2x?x20xf32>, memref<?x2x?x24xf32>, memref<4xf32>, index, memref<?x4x?x24xf32>) -> f32
      %n = arith.maximumf %w1, %e : f32
      memref.dealloc %q : memref<?x4x?x20xf32>
      memref.dealloc %k : memref<?x2x?x20xf32>
      memref.dealloc %v : memref<?x2x?x24xf32>
      memref.dealloc %o : memref<?x4x?x24xf32>
      scf.yield %n : f32
    }
    scf.yield %w : f32
  }
  // CHECK: within 1e-5: 1
  %bound = arith.constant 1.0e-5 : f32
  %good = arith.cmpf olt, %worst, %bound : f32
  vector.print str "within 1e-5: "
  %int = arith.extui %good : i1 to i32
  vector.print %int : i32
  return
}
