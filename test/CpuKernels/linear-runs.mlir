// RUN: sextant-opt %s --convert-linalg-to-loops --sextant-lower-cpu-kernels %to_llvm \
// RUN:   | mlir-runner -O2 -e main --entry-point-result=void --shared-libs=%runner_utils | FileCheck %s
// REQUIRES: x86_64

// Every number of rows from none to 29, a depth that is no multiple of the
// unrolled steps and one of several blocks, panels that come four and two at a
// time, some left over and a padded last one, against linalg's own product. The
// largest difference is printed.

func.func private @printF64(f64)
func.func private @printNewline()

func.func @element(%i: index, %j: index, %mod: index) -> f32 {
  %c131 = arith.constant 131 : index
  %c17 = arith.constant 17 : index
  %a = arith.muli %i, %c131 : index
  %b = arith.muli %j, %c17 : index
  %s = arith.addi %a, %b : index
  %r = arith.remui %s, %mod : index
  %int = arith.index_cast %r : index to i32
  %float = arith.sitofp %int : i32 to f32
  %scale = arith.constant 0.015625 : f32
  %one = arith.constant 1.0 : f32
  %f = arith.mulf %float, %scale : f32
  %c = arith.subf %f, %one : f32
  return %c : f32
}

// Panels, and the same weight as a plain matrix; the padding is zero.
func.func @weight(%w: memref<1543x171xf32>, %panels: memref<11x1543x16xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c16 = arith.constant 16 : index
  %c171 = arith.constant 171 : index
  %c113 = arith.constant 113 : index
  %c1543 = arith.constant 1543 : index
  %zero = arith.constant 0.0 : f32
  linalg.fill ins(%zero : f32) outs(%panels : memref<11x1543x16xf32>)
  scf.for %k = %c0 to %c1543 step %c1 {
    scf.for %n = %c0 to %c171 step %c1 {
      %e = func.call @element(%k, %n, %c113) : (index, index, index) -> f32
      memref.store %e, %w[%k, %n] : memref<1543x171xf32>
      %p = arith.divui %n, %c16 : index
      %l = arith.remui %n, %c16 : index
      memref.store %e, %panels[%p, %k, %l] : memref<11x1543x16xf32>
    }
  }
  return
}

func.func @difference(%a: memref<?x171xf32>, %b: memref<?x171xf32>, %so_far: f32) -> f32 {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c171 = arith.constant 171 : index
  %rows = memref.dim %a, %c0 : memref<?x171xf32>
  %r = scf.for %i = %c0 to %rows step %c1 iter_args(%m = %so_far) -> f32 {
    %s = scf.for %j = %c0 to %c171 step %c1 iter_args(%n = %m) -> f32 {
      %x = memref.load %a[%i, %j] : memref<?x171xf32>
      %y = memref.load %b[%i, %j] : memref<?x171xf32>
      %d = arith.subf %x, %y : f32
      %e = math.absf %d : f32
      %q = arith.maximumf %n, %e : f32
      scf.yield %q : f32
    }
    scf.yield %s : f32
  }
  return %r : f32
}

func.func @main() {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c30 = arith.constant 30 : index
  %c171 = arith.constant 171 : index
  %c97 = arith.constant 97 : index
  %c1543 = arith.constant 1543 : index
  %zero = arith.constant 0.0 : f32
  %unset = arith.constant 1.0e10 : f32
  %w = memref.alloc() : memref<1543x171xf32>
  %panels = memref.alloc() {alignment = 64 : i64} : memref<11x1543x16xf32>
  func.call @weight(%w, %panels) : (memref<1543x171xf32>, memref<11x1543x16xf32>) -> ()
  %bias = memref.alloc() : memref<171xf32>
  scf.for %n = %c0 to %c171 step %c1 {
    %e = func.call @element(%n, %n, %c97) : (index, index, index) -> f32
    memref.store %e, %bias[%n] : memref<171xf32>
  }
  %worst = scf.for %rows = %c0 to %c30 step %c1 iter_args(%so_far = %zero) -> f32 {
    %x = memref.alloc(%rows) : memref<?x1543xf32>
    %y = memref.alloc(%rows) : memref<?x171xf32>
    %z = memref.alloc(%rows) : memref<?x171xf32>
    scf.for %i = %c0 to %rows step %c1 {
      scf.for %k = %c0 to %c1543 step %c1 {
        %e = func.call @element(%k, %i, %c97) : (index, index, index) -> f32
        memref.store %e, %x[%i, %k] : memref<?x1543xf32>
      }
    }
    linalg.fill ins(%unset : f32) outs(%y : memref<?x171xf32>)
    sextant_cpu.linear ins(%x, %panels : memref<?x1543xf32>, memref<11x1543x16xf32>)
        bias(%bias : memref<171xf32>) outs(%y : memref<?x171xf32>)
    linalg.broadcast ins(%bias : memref<171xf32>) outs(%z : memref<?x171xf32>) dimensions = [0]
    linalg.matmul ins(%x, %w : memref<?x1543xf32>, memref<1543x171xf32>) outs(%z : memref<?x171xf32>)
    %d = func.call @difference(%y, %z, %so_far) : (memref<?x171xf32>, memref<?x171xf32>, f32) -> f32
    memref.dealloc %x : memref<?x1543xf32>
    memref.dealloc %y : memref<?x171xf32>
    memref.dealloc %z : memref<?x171xf32>
    scf.yield %d : f32
  }
  // Sums of 1543 products below 1: a few ulp of them.
  // CHECK: largest difference, less than 1e-3: 1
  %bound = arith.constant 1.0e-3 : f32
  %good = arith.cmpf olt, %worst, %bound : f32
  %int = arith.extui %good : i1 to i32
  %float = arith.sitofp %int : i32 to f64
  vector.print str "largest difference, less than 1e-3: "
  func.call @printF64(%float) : (f64) -> ()
  func.call @printNewline() : () -> ()
  return
}
