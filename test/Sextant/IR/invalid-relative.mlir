// RUN: sextant-opt %s --split-input-file --verify-diagnostics

func.func @attention_c9_rows_beyond(%q: tensor<2x6x5x7xf32>, %k: tensor<2x3x11x7xf32>, %v: tensor<2x3x11x13xf32>, %t: tensor<4x9xf32>) {
  // expected-error @+1 {{expects auxiliary operand 0 to have no free dimensions with 'beyond = zero', but got 1}}
  %o = sextant.attention query(%q : tensor<2x6x5x7xf32>) key(%k : tensor<2x3x11x7xf32>)
      value(%v : tensor<2x3x11x13xf32>) auxiliary(%t as <[distance, free], beyond = zero> : tensor<4x9xf32>) : tensor<2x6x5x13xf32>
  return
}

// -----

func.func @attention_c15_number(%q: tensor<2x6x5x7xf32>, %k: tensor<2x3x11x7xf32>, %v: tensor<2x3x11x13xf32>, %a: tensor<9x7xf32>) {
  // expected-error @+1 {{expects modulated pairs in ascending order below 1, each once, but got 1}}
  %o = sextant.attention query(%q : tensor<2x6x5x7xf32>) key(%k : tensor<2x3x11x7xf32>)
      value(%v : tensor<2x3x11x13xf32>) modulate(1 by %a as <[distance, free]> : tensor<9x7xf32>) : tensor<2x6x5x13xf32>
  return
}

// -----

func.func @attention_c15_twice(%q: tensor<2x6x5x7xf32>, %k: tensor<2x3x11x7xf32>, %v: tensor<2x3x11x13xf32>, %a: tensor<9x7xf32>) {
  // expected-error @+1 {{expects modulated pairs in ascending order below 1, each once, but got 0, 0}}
  %o = sextant.attention query(%q : tensor<2x6x5x7xf32>) key(%k : tensor<2x3x11x7xf32>)
      value(%v : tensor<2x3x11x13xf32>) modulate(0 by %a as <[distance, free]> : tensor<9x7xf32>, 0 by %a as <[distance, free]> : tensor<9x7xf32>) : tensor<2x6x5x13xf32>
  return
}

// -----

func.func @attention_c15_size(%q: tensor<2x6x5x7xf32>, %k: tensor<2x3x11x7xf32>, %v: tensor<2x3x11x13xf32>, %a: tensor<9x8xf32>) {
  // expected-error @+1 {{expects modulation 0 to end in one free dimension of size 7, but got 'tensor<9x8xf32>'}}
  %o = sextant.attention query(%q : tensor<2x6x5x7xf32>) key(%k : tensor<2x3x11x7xf32>)
      value(%v : tensor<2x3x11x13xf32>) modulate(0 by %a as <[distance, free]> : tensor<9x8xf32>) : tensor<2x6x5x13xf32>
  return
}

// -----

func.func @attention_c15_scalar(%q: tensor<2x6x5x7xf32>, %k: tensor<2x3x11x7xf32>, %v: tensor<2x3x11x13xf32>, %a: tensor<9xf32>) {
  // expected-error @+1 {{expects modulation 0 to end in one free dimension of size 7, but got 'tensor<9xf32>'}}
  %o = sextant.attention query(%q : tensor<2x6x5x7xf32>) key(%k : tensor<2x3x11x7xf32>)
      value(%v : tensor<2x3x11x13xf32>) modulate(0 by %a as <[distance]> : tensor<9xf32>) : tensor<2x6x5x13xf32>
  return
}

// -----

func.func @attention_c15_float(%q: tensor<2x6x5x7xf32>, %k: tensor<2x3x11x7xf32>, %v: tensor<2x3x11x13xf32>, %a: tensor<9x7xi32>) {
  // expected-error @+1 {{expects modulation 0 to be of floats, but got 'i32'}}
  %o = sextant.attention query(%q : tensor<2x6x5x7xf32>) key(%k : tensor<2x3x11x7xf32>)
      value(%v : tensor<2x3x11x13xf32>) modulate(0 by %a as <[distance, free]> : tensor<9x7xi32>) : tensor<2x6x5x13xf32>
  return
}

// -----

func.func @attention_c15_heads(%q: tensor<2x6x5x7xf32>, %k: tensor<2x3x11x7xf32>, %v: tensor<2x3x11x13xf32>, %a: tensor<5x9x7xf32>) {
  // expected-error @+1 {{expects dimension 0 of modulation 0 (head) to be 6, but got 5}}
  %o = sextant.attention query(%q : tensor<2x6x5x7xf32>) key(%k : tensor<2x3x11x7xf32>)
      value(%v : tensor<2x3x11x13xf32>) modulate(0 by %a as <[head, distance, free]> : tensor<5x9x7xf32>) : tensor<2x6x5x13xf32>
  return
}

// -----

func.func @attention_c16_missing(%q: tensor<2x6x5x7xf32>, %k: tensor<2x3x11x7xf32>, %v: tensor<2x3x11x13xf32>, %w: tensor<9x13xf32>) {
  // expected-error @+1 {{expects labels for the table of values, which is read by label, but got none}}
  %o = sextant.attention query(%q : tensor<2x6x5x7xf32>) key(%k : tensor<2x3x11x7xf32>)
      value(%v : tensor<2x3x11x13xf32>) relative_value(%w as <[label, free]> : tensor<9x13xf32>) : tensor<2x6x5x13xf32>
  return
}

// -----

func.func @attention_c16_type(%q: tensor<2x6x5x7xf32>, %k: tensor<2x3x11x7xf32>, %v: tensor<2x3x11x13xf32>, %l: tensor<5x11xf32>) {
  // expected-error @+1 {{expects integers of several bits as labels, but got 'f32'}}
  %o = sextant.attention query(%q : tensor<2x6x5x7xf32>) key(%k : tensor<2x3x11x7xf32>)
      value(%v : tensor<2x3x11x13xf32>) labels(%l as <[query, key]> : tensor<5x11xf32>) : tensor<2x6x5x13xf32>
  return
}

// -----

func.func @attention_c16_one_bit(%q: tensor<2x6x5x7xf32>, %k: tensor<2x3x11x7xf32>, %v: tensor<2x3x11x13xf32>, %l: tensor<5x11xi1>) {
  // expected-error @+1 {{expects integers of several bits as labels, but got 'i1'}}
  %o = sextant.attention query(%q : tensor<2x6x5x7xf32>) key(%k : tensor<2x3x11x7xf32>)
      value(%v : tensor<2x3x11x13xf32>) labels(%l as <[query, key]> : tensor<5x11xi1>) : tensor<2x6x5x13xf32>
  return
}

// -----

func.func @attention_c16_roles(%q: tensor<2x6x5x7xf32>, %k: tensor<2x3x11x7xf32>, %v: tensor<2x3x11x13xf32>, %l: tensor<5x11xi32>) {
  // expected-error @+1 {{expects labels by batch, head, query and key, but got #sextant.auxiliary<[query, distance]>}}
  %o = sextant.attention query(%q : tensor<2x6x5x7xf32>) key(%k : tensor<2x3x11x7xf32>)
      value(%v : tensor<2x3x11x13xf32>) labels(%l as <[query, distance]> : tensor<5x11xi32>) : tensor<2x6x5x13xf32>
  return
}

// -----

func.func @attention_c16_rows(%q: tensor<2x6x5x7xf32>, %k: tensor<2x3x11x7xf32>, %v: tensor<2x3x11x13xf32>, %l: tensor<5x12xi32>) {
  // expected-error @+1 {{expects dimension 1 of the labels (key) to be 11, but got 12}}
  %o = sextant.attention query(%q : tensor<2x6x5x7xf32>) key(%k : tensor<2x3x11x7xf32>)
      value(%v : tensor<2x3x11x13xf32>) labels(%l as <[query, key]> : tensor<5x12xi32>) : tensor<2x6x5x13xf32>
  return
}

// -----

func.func @attention_c17_roles(%q: tensor<2x6x5x7xf32>, %k: tensor<2x3x11x7xf32>, %v: tensor<2x3x11x13xf32>, %w: tensor<5x9x13xf32>) {
  // expected-error @+1 {{expects the table of values by batch, head, then distance or label, and one free dimension, but got #sextant.auxiliary<[query, distance, free]>}}
  %o = sextant.attention query(%q : tensor<2x6x5x7xf32>) key(%k : tensor<2x3x11x7xf32>)
      value(%v : tensor<2x3x11x13xf32>) relative_value(%w as <[query, distance, free]> : tensor<5x9x13xf32>) : tensor<2x6x5x13xf32>
  return
}

// -----

func.func @attention_c17_size(%q: tensor<2x6x5x7xf32>, %k: tensor<2x3x11x7xf32>, %v: tensor<2x3x11x13xf32>, %w: tensor<9x12xf32>) {
  // expected-error @+1 {{expects vectors of the value's size 13 in the table of values, but got 12}}
  %o = sextant.attention query(%q : tensor<2x6x5x7xf32>) key(%k : tensor<2x3x11x7xf32>)
      value(%v : tensor<2x3x11x13xf32>) relative_value(%w as <[distance, free]> : tensor<9x12xf32>) : tensor<2x6x5x13xf32>
  return
}

// -----

func.func @attention_c17_static(%q: tensor<2x6x5x7xf32>, %k: tensor<2x3x11x7xf32>, %v: tensor<2x3x11x13xf32>, %w: tensor<?x13xf32>) {
  // expected-error @+1 {{expects a table of values of static size, but got 'tensor<?x13xf32>'}}
  %o = sextant.attention query(%q : tensor<2x6x5x7xf32>) key(%k : tensor<2x3x11x7xf32>)
      value(%v : tensor<2x3x11x13xf32>) relative_value(%w as <[distance, free]> : tensor<?x13xf32>) : tensor<2x6x5x13xf32>
  return
}

// -----

func.func @attention_c17_entries(%q: tensor<2x6x5x7xf32>, %k: tensor<2x3x11x7xf32>, %v: tensor<2x3x11x13xf32>, %w: tensor<0x13xf32>) {
  // expected-error @+1 {{expects at least one entry in dimension 0 of the table of values, but got none}}
  %o = sextant.attention query(%q : tensor<2x6x5x7xf32>) key(%k : tensor<2x3x11x7xf32>)
      value(%v : tensor<2x3x11x13xf32>) relative_value(%w as <[distance, free]> : tensor<0x13xf32>) : tensor<2x6x5x13xf32>
  return
}

// -----

func.func @attention_c19_keys_alone(%q: tensor<2x6x5x7xf32>, %k: tensor<22x3x7xf32>, %v: tensor<2x3x11x13xf32>, %l: tensor<3xi32>) {
  // expected-error @+1 {{expects keys and value to be both in layout thd or neither, but got thd and bhsd}}
  %o = sextant.attention query(%q : tensor<2x6x5x7xf32>) key(%k : tensor<22x3x7xf32>)
      value(%v : tensor<2x3x11x13xf32>) layout key thd key_lengths(%l : tensor<3xi32>) : tensor<2x6x5x13xf32>
  return
}

// -----

func.func @attention_c19_no_lengths(%q: tensor<10x6x7xf32>, %k: tensor<2x3x11x7xf32>, %v: tensor<2x3x11x13xf32>) {
  // expected-error @+1 {{expects cumulative lengths of the queries in layout thd, but got none}}
  %o = sextant.attention query(%q : tensor<10x6x7xf32>) key(%k : tensor<2x3x11x7xf32>)
      value(%v : tensor<2x3x11x13xf32>) layout query thd result thd : tensor<10x6x13xf32>
  return
}

// -----

func.func @attention_c19_lengths_alone(%q: tensor<2x6x5x7xf32>, %k: tensor<2x3x11x7xf32>, %v: tensor<2x3x11x13xf32>, %l: tensor<3xi32>) {
  // expected-error @+1 {{expects cumulative lengths of the queries only in layout thd, but got lengths}}
  %o = sextant.attention query(%q : tensor<2x6x5x7xf32>) key(%k : tensor<2x3x11x7xf32>)
      value(%v : tensor<2x3x11x13xf32>) query_lengths(%l : tensor<3xi32>) : tensor<2x6x5x13xf32>
  return
}

// -----

func.func @attention_c19_batch(%q: tensor<10x6x7xf32>, %k: tensor<22x3x7xf32>, %v: tensor<22x3x13xf32>, %l: tensor<4xi32>, %m: tensor<5xi32>) {
  // expected-error @+1 {{expects the number of sequences of the keys to be 3, but got 4}}
  %o = sextant.attention query(%q : tensor<10x6x7xf32>) key(%k : tensor<22x3x7xf32>)
      value(%v : tensor<22x3x13xf32>) layout query thd key thd value thd result thd query_lengths(%l : tensor<4xi32>) key_lengths(%m : tensor<5xi32>) : tensor<10x6x13xf32>
  return
}

// -----

func.func @attention_c13_sequences(%q: tensor<10x6x7xf32>, %k: tensor<2x3x11x7xf32>, %v: tensor<2x3x11x13xf32>, %l: tensor<3xi32>) {
  // expected-error @+1 {{expects the result to have shape 'tensor<10x6x13xf32>', but got 'tensor<10x6x12xf32>'}}
  %o = sextant.attention query(%q : tensor<10x6x7xf32>) key(%k : tensor<2x3x11x7xf32>)
      value(%v : tensor<2x3x11x13xf32>) layout query thd result thd query_lengths(%l : tensor<3xi32>) : tensor<10x6x12xf32>
  return
}

// -----

func.func @auxiliary_both(%q: tensor<2x6x5x7xf32>, %k: tensor<2x3x11x7xf32>, %v: tensor<2x3x11x13xf32>, %a: tensor<9x9xf32>) {
  // expected-error @+2 {{expects a distance or a label, but got both}}
  %o = sextant.attention query(%q : tensor<2x6x5x7xf32>) key(%k : tensor<2x3x11x7xf32>)
      value(%v : tensor<2x3x11x13xf32>) auxiliary(%a as <[distance, label]> : tensor<9x9xf32>) : tensor<2x6x5x13xf32>
  return
}

// -----

func.func @auxiliary_beyond_nothing(%q: tensor<2x6x5x7xf32>, %k: tensor<2x3x11x7xf32>, %v: tensor<2x3x11x13xf32>, %a: tensor<6xf32>) {
  // expected-error @+2 {{expects entries by distance or by label for 'beyond = zero', but got none}}
  %o = sextant.attention query(%q : tensor<2x6x5x7xf32>) key(%k : tensor<2x3x11x7xf32>)
      value(%v : tensor<2x3x11x13xf32>) auxiliary(%a as <[head], beyond = zero> : tensor<6xf32>) : tensor<2x6x5x13xf32>
  return
}

// -----

func.func @online_attention_c18_size(%q: tensor<2x6x5x7xf32>, %k: tensor<2x3x11x7xf32>, %v: tensor<2x3x11x13xf32>, %acc: tensor<2x6x5x13xf32>, %max: tensor<2x6x5xf32>, %sum: tensor<2x6x5xf32>, %h: tensor<2x6x5x?xf32>) {
  // expected-error @+1 {{expects a histogram of rank 4 and static size, but got 'tensor<2x6x5x?xf32>'}}
  %r:4 = sextant.online_attention query(%q : tensor<2x6x5x7xf32>) key(%k : tensor<2x3x11x7xf32>)
      value(%v : tensor<2x3x11x13xf32>)
      outs(%acc, %max, %sum : tensor<2x6x5x13xf32>, tensor<2x6x5xf32>, tensor<2x6x5xf32>)
      histogram(%h by <[distance]> : tensor<2x6x5x?xf32>) -> (tensor<2x6x5x13xf32>, tensor<2x6x5xf32>, tensor<2x6x5xf32>, tensor<2x6x5x?xf32>)
  return
}

// -----

func.func @online_attention_c18_index(%q: tensor<2x6x5x7xf32>, %k: tensor<2x3x11x7xf32>, %v: tensor<2x3x11x13xf32>, %acc: tensor<2x6x5x13xf32>, %max: tensor<2x6x5xf32>, %sum: tensor<2x6x5xf32>, %h: tensor<2x6x5x9xf32>) {
  // expected-error @+1 {{expects a histogram by distance or by label, but got #sextant.auxiliary<[head, distance]>}}
  %r:4 = sextant.online_attention query(%q : tensor<2x6x5x7xf32>) key(%k : tensor<2x3x11x7xf32>)
      value(%v : tensor<2x3x11x13xf32>)
      outs(%acc, %max, %sum : tensor<2x6x5x13xf32>, tensor<2x6x5xf32>, tensor<2x6x5xf32>)
      histogram(%h by <[head, distance]> : tensor<2x6x5x9xf32>) -> (tensor<2x6x5x13xf32>, tensor<2x6x5xf32>, tensor<2x6x5xf32>, tensor<2x6x5x9xf32>)
  return
}

// -----

func.func @online_attention_c18_labels(%q: tensor<2x6x5x7xf32>, %k: tensor<2x3x11x7xf32>, %v: tensor<2x3x11x13xf32>, %acc: tensor<2x6x5x13xf32>, %max: tensor<2x6x5xf32>, %sum: tensor<2x6x5xf32>, %h: tensor<2x6x5x9xf32>) {
  // expected-error @+1 {{expects labels for a histogram by label, but got none}}
  %r:4 = sextant.online_attention query(%q : tensor<2x6x5x7xf32>) key(%k : tensor<2x3x11x7xf32>)
      value(%v : tensor<2x3x11x13xf32>)
      outs(%acc, %max, %sum : tensor<2x6x5x13xf32>, tensor<2x6x5xf32>, tensor<2x6x5xf32>)
      histogram(%h by <[label]> : tensor<2x6x5x9xf32>) -> (tensor<2x6x5x13xf32>, tensor<2x6x5xf32>, tensor<2x6x5xf32>, tensor<2x6x5x9xf32>)
  return
}

// -----

func.func @online_attention_c14_sequences(%q: tensor<10x6x7xf32>, %k: tensor<2x3x11x7xf32>, %v: tensor<2x3x11x13xf32>, %acc: tensor<2x6x5x13xf32>, %max: tensor<2x6x5xf32>, %sum: tensor<2x6x5xf32>) {
  // expected-error @+1 {{expects sequences of one length, but got layout thd}}
  %r:3 = sextant.online_attention query(%q : tensor<10x6x7xf32>) key(%k : tensor<2x3x11x7xf32>)
      value(%v : tensor<2x3x11x13xf32>) layout query thd
      outs(%acc, %max, %sum : tensor<2x6x5x13xf32>, tensor<2x6x5xf32>, tensor<2x6x5xf32>)
      -> (tensor<2x6x5x13xf32>, tensor<2x6x5xf32>, tensor<2x6x5xf32>)
  return
}

// -----

func.func @merge_c1_histograms(%acc: tensor<2x6x5x13xf32>, %max: tensor<2x6x5xf32>, %sum: tensor<2x6x5xf32>, %h: tensor<2x6x5x9xf32>) {
  // expected-error @+1 {{expects both states to have a histogram or neither, but got one}}
  %r:4 = sextant.merge ins(%acc, %max, %sum : tensor<2x6x5x13xf32>, tensor<2x6x5xf32>, tensor<2x6x5xf32>)
      outs(%acc, %max, %sum : tensor<2x6x5x13xf32>, tensor<2x6x5xf32>, tensor<2x6x5xf32>) histogram(%h : tensor<2x6x5x9xf32>)
      -> (tensor<2x6x5x13xf32>, tensor<2x6x5xf32>, tensor<2x6x5xf32>, tensor<2x6x5x9xf32>)
  return
}

// -----

func.func @finalize_c5(%acc: tensor<2x6x5x13xf32>, %max: tensor<2x6x5xf32>, %sum: tensor<2x6x5xf32>, %h: tensor<2x6x5x9xf32>, %w: tensor<8x13xf32>, %out: tensor<2x6x5x13xf32>) {
  // expected-error @+1 {{expects dimension 0 of the table of values (distance) to be 9, but got 8}}
  %r = sextant.finalize ins(%acc, %max, %sum : tensor<2x6x5x13xf32>, tensor<2x6x5xf32>, tensor<2x6x5xf32>)
      histogram(%h : tensor<2x6x5x9xf32>) relative_value(%w as <[distance, free]> : tensor<8x13xf32>)
      outs(%out : tensor<2x6x5x13xf32>) -> (tensor<2x6x5x13xf32>)
  return
}

// -----

func.func @attention_c20(%q: tensor<2x6x5x7xf32>, %k: tensor<2x3x11x7xf32>, %v: tensor<2x3x11x13xf32>, %t: tensor<14x13xf32>) {
  // expected-error @+1 {{expects the table of values to reach the distances -4 to 10, but got -4 to 9}}
  %o = sextant.attention query(%q : tensor<2x6x5x7xf32>) key(%k : tensor<2x3x11x7xf32>) value(%v : tensor<2x3x11x13xf32>)
      relative_value(%t as <[distance, free], center = 4, beyond = none> : tensor<14x13xf32>) : tensor<2x6x5x13xf32>
  return
}

// -----

// A mask that a cap makes finite hides nothing.
func.func @attention_c20_masked(%q: tensor<2x6x5x7xf32>, %k: tensor<2x3x11x7xf32>, %v: tensor<2x3x11x13xf32>, %t: tensor<5xf32>) {
  // expected-error @+1 {{expects auxiliary operand 0 to reach the distances -4 to 10, but got -4 to 0}}
  %o = sextant.attention query(%q : tensor<2x6x5x7xf32>) key(%k : tensor<2x3x11x7xf32>) value(%v : tensor<2x3x11x13xf32>)
      auxiliary(%t as <[distance], center = 4, beyond = none> : tensor<5xf32>) score {
  ^bb0(%s: f32, %b: index, %h: index, %i: index, %j: index, %x: f32):
    %0 = arith.addf %s, %x : f32
    %1 = sextant.causal %0 at %i, %j : f32
    %2 = sextant.softcap %1 cap 3.0 : f32
    sextant.yield %2 : f32
  } : tensor<2x6x5x13xf32>
  return
}
