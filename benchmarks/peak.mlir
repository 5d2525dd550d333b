// Twelve independent FMAs a step and nothing else: what the processor can do
// at the moment it is asked. 2^20 steps of 192 operations.
func.func @main(%x: tensor<1xf32> {sextant.name = "x", sextant.dims = ["1"]})
    -> (tensor<1xf32> {sextant.name = "y", sextant.dims = ["1"]}) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %steps = arith.constant 1048576 : index
  %k0 = arith.constant 1.0 : f32
  %k1 = arith.constant 2.0 : f32
  %k2 = arith.constant 3.0 : f32
  %k3 = arith.constant 4.0 : f32
  %k4 = arith.constant 5.0 : f32
  %k5 = arith.constant 6.0 : f32
  %k6 = arith.constant 7.0 : f32
  %k7 = arith.constant 8.0 : f32
  %k8 = arith.constant 9.0 : f32
  %k9 = arith.constant 10.0 : f32
  %k10 = arith.constant 11.0 : f32
  %k11 = arith.constant 12.0 : f32
  %e = tensor.extract %x[%c0] : tensor<1xf32>
  %a = vector.broadcast %e : f32 to vector<8xf32>
  %half = arith.constant dense<0.5> : vector<8xf32>
  // Different starts, or the sums would be one for the compiler.
  %e0 = arith.mulf %e, %k0 : f32
  %a0 = vector.broadcast %e0 : f32 to vector<8xf32>
  %e1 = arith.mulf %e, %k1 : f32
  %a1 = vector.broadcast %e1 : f32 to vector<8xf32>
  %e2 = arith.mulf %e, %k2 : f32
  %a2 = vector.broadcast %e2 : f32 to vector<8xf32>
  %e3 = arith.mulf %e, %k3 : f32
  %a3 = vector.broadcast %e3 : f32 to vector<8xf32>
  %e4 = arith.mulf %e, %k4 : f32
  %a4 = vector.broadcast %e4 : f32 to vector<8xf32>
  %e5 = arith.mulf %e, %k5 : f32
  %a5 = vector.broadcast %e5 : f32 to vector<8xf32>
  %e6 = arith.mulf %e, %k6 : f32
  %a6 = vector.broadcast %e6 : f32 to vector<8xf32>
  %e7 = arith.mulf %e, %k7 : f32
  %a7 = vector.broadcast %e7 : f32 to vector<8xf32>
  %e8 = arith.mulf %e, %k8 : f32
  %a8 = vector.broadcast %e8 : f32 to vector<8xf32>
  %e9 = arith.mulf %e, %k9 : f32
  %a9 = vector.broadcast %e9 : f32 to vector<8xf32>
  %e10 = arith.mulf %e, %k10 : f32
  %a10 = vector.broadcast %e10 : f32 to vector<8xf32>
  %e11 = arith.mulf %e, %k11 : f32
  %a11 = vector.broadcast %e11 : f32 to vector<8xf32>
  %r:12 = scf.for %i = %c0 to %steps step %c1 iter_args(
      %s0 = %a0, %s1 = %a1, %s2 = %a2, %s3 = %a3, %s4 = %a4, %s5 = %a5, %s6 = %a6, %s7 = %a7, %s8 = %a8, %s9 = %a9, %s10 = %a10, %s11 = %a11)
      -> (vector<8xf32>, vector<8xf32>, vector<8xf32>, vector<8xf32>, vector<8xf32>, vector<8xf32>, vector<8xf32>, vector<8xf32>, vector<8xf32>, vector<8xf32>, vector<8xf32>, vector<8xf32>) {
    %t0 = vector.fma %a, %half, %s0 : vector<8xf32>
    %t1 = vector.fma %a, %half, %s1 : vector<8xf32>
    %t2 = vector.fma %a, %half, %s2 : vector<8xf32>
    %t3 = vector.fma %a, %half, %s3 : vector<8xf32>
    %t4 = vector.fma %a, %half, %s4 : vector<8xf32>
    %t5 = vector.fma %a, %half, %s5 : vector<8xf32>
    %t6 = vector.fma %a, %half, %s6 : vector<8xf32>
    %t7 = vector.fma %a, %half, %s7 : vector<8xf32>
    %t8 = vector.fma %a, %half, %s8 : vector<8xf32>
    %t9 = vector.fma %a, %half, %s9 : vector<8xf32>
    %t10 = vector.fma %a, %half, %s10 : vector<8xf32>
    %t11 = vector.fma %a, %half, %s11 : vector<8xf32>
    scf.yield %t0, %t1, %t2, %t3, %t4, %t5, %t6, %t7, %t8, %t9, %t10, %t11
        : vector<8xf32>, vector<8xf32>, vector<8xf32>, vector<8xf32>, vector<8xf32>, vector<8xf32>, vector<8xf32>, vector<8xf32>, vector<8xf32>, vector<8xf32>, vector<8xf32>, vector<8xf32>
  }
  %u1 = arith.addf %r#0, %r#1 : vector<8xf32>
  %u2 = arith.addf %u1, %r#2 : vector<8xf32>
  %u3 = arith.addf %u2, %r#3 : vector<8xf32>
  %u4 = arith.addf %u3, %r#4 : vector<8xf32>
  %u5 = arith.addf %u4, %r#5 : vector<8xf32>
  %u6 = arith.addf %u5, %r#6 : vector<8xf32>
  %u7 = arith.addf %u6, %r#7 : vector<8xf32>
  %u8 = arith.addf %u7, %r#8 : vector<8xf32>
  %u9 = arith.addf %u8, %r#9 : vector<8xf32>
  %u10 = arith.addf %u9, %r#10 : vector<8xf32>
  %u11 = arith.addf %u10, %r#11 : vector<8xf32>
  %y = vector.extract %u11[0] : f32 from vector<8xf32>
  %z = tensor.from_elements %y : tensor<1xf32>
  return %z : tensor<1xf32>
}
