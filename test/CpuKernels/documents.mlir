// RUN: sextant-opt %s --convert-linalg-to-loops --sextant-lower-cpu-kernels %to_llvm \
// RUN:   | mlir-runner -O2 -e main --entry-point-result=void --shared-libs=%runner_utils | FileCheck %s
// REQUIRES: x86_64

// Queries of one document among three read no key and no value of the others:
// those are no numbers, from one panel of keys beyond the document on. The same
// where a boolean of each key shows that document to all queries.

func.func @attention(%q: memref<1x2x?x16xf32>, %k: memref<1x2x?x16xf32>, %v: memref<1x2x?x16xf32>, %mine: memref<1x?xi32>, %its: memref<1x?xi32>,
                     %o: memref<1x2x?x16xf32>) {
  sextant_cpu.attention ins(%q, %k, %v : memref<1x2x?x16xf32>, memref<1x2x?x16xf32>, memref<1x2x?x16xf32>)
      auxiliary(%mine, %its : memref<1x?xi32>, memref<1x?xi32>) [#sextant.auxiliary<[batch, query]>, #sextant.auxiliary<[batch, key]>]
      outs(%o : memref<1x2x?x16xf32>) scale 2.500000e-01 {
  ^bb0(%s: f32, %b: index, %h: index, %i: index, %j: index, %m: i32, %n: i32):
    %0 = sextant.document %s segments %m, %n at %i, %j : f32, i32
    sextant_cpu.yield %0 : f32
  }
  return
}

func.func @masked(%q: memref<1x2x?x16xf32>, %k: memref<1x2x?x16xf32>, %v: memref<1x2x?x16xf32>, %keep: memref<1x?xi1>,
                  %o: memref<1x2x?x16xf32>) {
  sextant_cpu.attention ins(%q, %k, %v : memref<1x2x?x16xf32>, memref<1x2x?x16xf32>, memref<1x2x?x16xf32>)
      auxiliary(%keep : memref<1x?xi1>) [#sextant.auxiliary<[batch, key]>]
      outs(%o : memref<1x2x?x16xf32>) scale 2.500000e-01 {
  ^bb0(%s: f32, %b: index, %h: index, %i: index, %j: index, %m: i1):
    %0 = sextant.mask %s keep %m at %i, %j : f32
    sextant_cpu.yield %0 : f32
  }
  return
}

func.func @check(%rows: index, %by_mask: i1) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %c16 = arith.constant 16 : index
  %c700 = arith.constant 700 : index
  %c2100 = arith.constant 2100 : index
  %zero = arith.constant 0.0 : f32
  %one = arith.constant 1.0 : f32
  %nan = arith.constant 0x7FC00000 : f32
  %middle = arith.constant 1 : i32
  %q = memref.alloc(%rows) : memref<1x2x?x16xf32>
  %o = memref.alloc(%rows) : memref<1x2x?x16xf32>
  %k = memref.alloc(%c2100) : memref<1x2x?x16xf32>
  %v = memref.alloc(%c2100) : memref<1x2x?x16xf32>
  %mine = memref.alloc(%rows) : memref<1x?xi32>
  %its = memref.alloc(%c2100) : memref<1x?xi32>
  %keep = memref.alloc(%c2100) : memref<1x?xi1>
  linalg.fill ins(%one : f32) outs(%q : memref<1x2x?x16xf32>)
  linalg.fill ins(%zero : f32) outs(%o : memref<1x2x?x16xf32>)
  linalg.fill ins(%middle : i32) outs(%mine : memref<1x?xi32>)
  scf.for %j = %c0 to %c2100 step %c1 {
    %document = arith.divui %j, %c700 : index
    %segment = arith.index_cast %document : index to i32
    memref.store %segment, %its[%c0, %j] : memref<1x?xi32>
    %is_seen = arith.cmpi eq, %segment, %middle : i32
    memref.store %is_seen, %keep[%c0, %j] : memref<1x?xi1>
    // Panels start where 16 divides.
    %first = arith.constant 688 : index
    %end = arith.constant 1408 : index
    %behind = arith.cmpi sge, %j, %first : index
    %before = arith.cmpi slt, %j, %end : index
    %near = arith.andi %behind, %before : i1
    %x = arith.select %near, %one, %nan : f32
    scf.for %h = %c0 to %c2 step %c1 {
      scf.for %d = %c0 to %c16 step %c1 {
        memref.store %x, %k[%c0, %h, %j, %d] : memref<1x2x?x16xf32>
        memref.store %x, %v[%c0, %h, %j, %d] : memref<1x2x?x16xf32>
      }
    }
  }
  scf.if %by_mask {
    func.call @masked(%q, %k, %v, %keep, %o)
        : (memref<1x2x?x16xf32>, memref<1x2x?x16xf32>, memref<1x2x?x16xf32>, memref<1x?xi1>, memref<1x2x?x16xf32>) -> ()
  } else {
    func.call @attention(%q, %k, %v, %mine, %its, %o)
        : (memref<1x2x?x16xf32>, memref<1x2x?x16xf32>, memref<1x2x?x16xf32>, memref<1x?xi32>, memref<1x?xi32>, memref<1x2x?x16xf32>) -> ()
  }
  // Averages of ones.
  %worst = scf.for %i = %c0 to %rows step %c1 iter_args(%a = %zero) -> f32 {
    %w0 = scf.for %h = %c0 to %c2 step %c1 iter_args(%c = %a) -> f32 {
      %w1 = scf.for %d = %c0 to %c16 step %c1 iter_args(%e = %c) -> f32 {
        %y = memref.load %o[%c0, %h, %i, %d] : memref<1x2x?x16xf32>
        %difference = arith.subf %y, %one : f32
        %size = math.absf %difference : f32
        %w2 = arith.maximumf %size, %e : f32
        scf.yield %w2 : f32
      }
      scf.yield %w1 : f32
    }
    scf.yield %w0 : f32
  }
  %tolerance = arith.constant 1.0e-5 : f32
  %fine = arith.cmpf olt, %worst, %tolerance : f32
  vector.print %fine : i1
  return
}

func.func @main() {
  // Few rows, which read keys as they lie, and many.
  %few = arith.constant 5 : index
  %many = arith.constant 131 : index
  %mask = arith.constant true
  %documents = arith.constant false
  // CHECK-COUNT-4: {{^1$}}
  call @check(%few, %documents) : (index, i1) -> ()
  call @check(%many, %documents) : (index, i1) -> ()
  call @check(%few, %mask) : (index, i1) -> ()
  call @check(%many, %mask) : (index, i1) -> ()
  return
}
