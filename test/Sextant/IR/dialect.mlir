// RUN: sextant-opt --show-dialects | FileCheck %s

// CHECK: Available Dialects:
// CHECK-SAME: sextant
