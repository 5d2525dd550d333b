//===- Sextant.td - everything of the sextant dialect -----*- tablegen -*-===//
//
// Part of Sextant, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

include "Sextant/IR/Attention.td"
include "Sextant/IR/OnlineAttention.td"
include "Sextant/IR/CacheAppend.td"
include "Sextant/IR/Cope.td"
include "Sextant/IR/Got.td"
include "Sextant/IR/LinearAttention.td"
include "Sextant/IR/LowRankLinear.td"
include "Sextant/IR/Rotate.td"
include "Sextant/IR/Yield.td"
include "Sextant/Schedules/Schedules.td"
include "Sextant/Terms/Terms.td"
