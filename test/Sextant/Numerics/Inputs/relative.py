"""Attentions with products weighted by position, vectors added to values,
labels in place of distances, and sequences that lie end to end.
"""

from cases import CAUSAL, Case, hide, terms


def causal(s, b, h, i, j, **_):
    return hide(s, j <= i)


def causal_with(s, b, h, i, j, r):
    return hide(s + r, j <= i)


ADD = terms("arith.addf {s}, %r_")
ADD_CAUSAL = terms("arith.addf {s}, %r_", CAUSAL)
SHARED, PER_HEAD = ("distance", "free"), ("head", "distance", "free")
RAGGED = {"query": "thd", "key": "thd", "value": "thd", "result": "thd"}
QUERIES, KEYS = [0, 4, 4, 9, 10], [0, 7, 9, 18, 23]


def values(k, roles=SHARED, beyond="clamp", center=None, heads=3, size=13, element="f32"):
    """The table of values of 2 k + 1 entries, and its roles."""
    shape = tuple({"head": heads, "distance": 2 * k + 1, "free": size}[role] for role in roles)
    return {"tensors": {"w": (shape, element, None)},
            "relative": ("w", roles, k if center is None else center, beyond)}


ALL = [
    # Huang et al. 2020, method 3.
    Case("products_weighted_by_distance", tensors={"a": ((7, 7), "f32", None)}, scale=0.5,
         modulate={0: ("a", SHARED, 3)}, origin=(0, 0, 4, 0)),
    Case("products_weighted_by_head_and_distance", heads=6, key_heads=[3], rows=7, dynamic=True,
         tensors={"a": ((6, 5, 7), "f32", None)}, modulate={0: ("a", PER_HEAD, 1)},
         region=terms(CAUSAL), score=causal, origin=(0, 0, 3, 0), log_sum_exp=True),
    Case("products_weighted_within_a_range", tensors={"a": ((5, 7), "f32", None)},
         modulate={0: ("a", SHARED, 2, "zero")}, rows=11),
    # Panels of keys whose last entry is the table's first, and whose first is its last: just not beyond it.
    Case("products_weighted_from_the_first_entry", tensors={"a": ((5, 7), "f32", None)},
         modulate={0: ("a", SHARED, 2, "zero")}, rows=19, keys=37, origin=(0, 0, 17, 0)),
    Case("products_weighted_to_the_last_entry", tensors={"a": ((5, 7), "f32", None)},
         modulate={0: ("a", SHARED, 2, "zero")}, rows=19, keys=37, origin=(0, 0, 9, 0)),
    Case("the_second_of_two_pairs_weighted", heads=6, sizes=(7, 3), key_heads=[6, 1], value_heads=2,
         tensors={"a": ((9, 3), "f16", None)}, modulate={1: ("a", SHARED, 4)}),
    Case("both_pairs_weighted_in_half", sizes=(7, 3), element="f16", scale=0.25,
         tensors={"a": ((9, 7), "f16", None), "c": ((3, 3, 3), "f32", None)},
         modulate={0: ("a", SHARED, 4), 1: ("c", PER_HEAD, 1)}),
    # Shaw, Uszkoreit and Vaswani 2018, section 3.
    Case("values_by_clipped_distance", rows=7, origin=(0, 0, 3, 0), **values(2)),
    Case("values_by_head_and_distance", heads=6, key_heads=[3], value_heads=2, dynamic=True,
         log_sum_exp=True, region=terms(CAUSAL), score=causal, origin=(0, 0, 6, 0),
         **values(3, PER_HEAD, heads=6)),
    Case("values_of_one_entry", **values(0)),
    Case("values_farther_than_the_keys", rows=11, **values(17)),
    Case("values_within_a_range", rows=11, **values(2, beyond="zero")),
    Case("values_of_one_side", rows=11, **values(3, center=6)),
    Case("values_under_rising_scores", rows=3, keys=29, scale=1.0, origin=(0, 0, 13, 0),
         region=terms("%d = arith.subi %j, %i : index", "%n = arith.index_cast %d : index to i64",
                      "%x = arith.sitofp %n : i64 to f32", "arith.addf {s}, %x"),
         score=lambda s, b, h, i, j: s + (j - i), **values(4)),
    Case("values_where_rows_see_nothing", origin=(0, 0, 0, 2), region=terms(CAUSAL),
         log_sum_exp=True, score=causal, **values(2)),
    Case("values_averaged_where_rows_see_nothing", origin=(0, 0, 0, 2), region=terms(CAUSAL),
         uniform=True, score=causal, **values(2)),
    Case("values_beside_a_sink", sink=True, layout={"result": "bshd"}, **values(2)),
    Case("values_in_half", element="f16", **values(2, element="f16")),
    Case("values_in_double", element="f64", **values(2, element="f64")),
    Case("values_at_a_past_of_each_entry", batch=3, dynamic=True, origin=(0, 0, "past", 0),
         tensors={"past": ((3,), "i64", [0, 6, 3]), "w": ((5, 13), "f32", None)},
         relative=("w", SHARED, 2), region=terms(CAUSAL), score=causal),
    Case("keys_and_values_by_distance", rows=7, origin=(0, 0, 2, 0),
         tensors={"r": ((2, 3, 7, 5), "f32", None), "w": ((5, 13), "f32", None)},
         auxiliary={"r": (("batch", "head", "query", "distance"), 2)},
         relative=("w", SHARED, 2), region=ADD_CAUSAL, score=causal_with),
    # Tiles that lie before the table and behind it, for rows of two heads at once.
    *(Case(f"keys_and_values_far_away{name}", heads=4, key_heads=[2], value_heads=2, rows=61, keys=113,
           value_size=32, origin=(0, 0, 31, 0), log_sum_exp=True,
           tensors={"r": ((2, 4, 61, 5), "f32", None), "w": ((5, 32), "f32", None)},
           auxiliary={"r": (("batch", "head", "query", "distance"), 2)},
           relative=("w", SHARED, 2), region=region, score=score)
      for name, region, score in (("", ADD, lambda s, b, h, i, j, r: s + r),
                                  ("_behind_a_mask", ADD_CAUSAL, causal_with))),
    Case("values_far_away_within_a_range", rows=61, keys=113, value_size=16, origin=(0, 0, 31, 0),
         tensors={"w": ((3, 5, 16), "f32", None)}, relative=("w", ("head", "distance", "free"), 2, "zero")),
    # Diagonals of what keys have by distance: squares of eight rows and keys, within the table, across its
    # ends and beyond, and rows of two heads at once.
    *(Case(f"products_of_keys_with_vectors{name}", heads=4, key_heads=[key_heads], value_heads=key_heads, rows=61,
           keys=113, value_size=16, origin=(0, 0, 31, 0), log_sum_exp=True,
           tensors={"r": ((2, heads, 113, 2 * k + 1), "f32", None)},
           auxiliary={"r": (("batch", "head", "key", "distance"), k, beyond)}, region=region, score=score)
      for name, key_heads, heads, k, beyond, region, score in (
          ("", 4, 4, 20, "clamp", ADD, lambda s, b, h, i, j, r: s + r),
          ("_behind_a_mask", 2, 4, 20, "clamp", ADD_CAUSAL, causal_with),
          ("_of_all_heads", 2, 1, 3, "clamp", ADD_CAUSAL, causal_with),
          ("_within_a_range", 4, 4, 9, "zero", ADD, lambda s, b, h, i, j, r: s + r))),
    # Tensor2Tensor's masked form: nothing beyond the last distance.
    Case("keys_within_a_range", rows=11, tensors={"r": ((2, 3, 11, 5), "f32", None)},
         auxiliary={"r": (("batch", "head", "query", "distance"), 2, "zero")},
         region=ADD, score=lambda s, b, h, i, j, r: s + r),
    # Graph-labelled inputs.
    *(Case(f"keys_by_label{name}", dynamic=True, rows=rows, keys=keys,
           tensors={"edges": ((2, rows, keys), element, [n * 5 % 9 - 2 + (n == 3) * 2**31 for n in range(2 * rows * keys)]),
                    "r": ((2, 3, rows, 6), "f32", None)},
           labels=("edges", ("batch", "query", "key")),
           auxiliary={"r": (("batch", "head", "query", "label"), 0, beyond)}, region=ADD_CAUSAL, score=causal_with)
      for name, rows, keys, element, beyond in (("", 5, 11, "index", "clamp"), ("_of_many_rows", 41, 67, "i64", "clamp"),
                                                ("_where_there_is_an_edge", 41, 67, "i64", "zero"))),
    Case("keys_and_values_by_label", dynamic=True,
         tensors={"edges": ((2, 5, 11), "i32", [n % 6 for n in range(110)]),
                  "r": ((2, 3, 5, 6), "f32", None), "w": ((3, 6, 13), "f32", None)},
         labels=("edges", ("batch", "query", "key")),
         auxiliary={"r": (("batch", "head", "query", "label"), 0)},
         relative=("w", ("head", "label", "free"), 0), region=ADD,
         score=lambda s, b, h, i, j, r: s + r),
    Case("values_by_label_where_there_is_an_edge",
         tensors={"edges": ((1, 5, 11), "i64", [n % 7 - 2 for n in range(55)]),
                  "w": ((4, 13), "f32", None)},
         labels=("edges", ("batch", "query", "key")),
         relative=("w", ("label", "free"), 0, "zero"), log_sum_exp=True),
    Case("products_weighted_by_label",
         tensors={"edges": ((3, 5, 11), "index", [n * 5 % 6 - 1 for n in range(165)]),
                  "a": ((4, 7), "f32", None)},
         labels=("edges", ("head", "query", "key")), modulate={0: ("a", ("label", "free"), 0)}),
    # Sequences end to end, the second of the queries without rows.
    Case("sequences_end_to_end", lengths=(QUERIES, KEYS), batch=4, layout=RAGGED, dynamic=True),
    Case("sequences_causal_behind_their_pasts", lengths=(QUERIES, KEYS), batch=4, layout=RAGGED,
         heads=6, key_heads=[3], log_sum_exp=True, sink=True, region=terms(CAUSAL),
         tensors={"past": ((4,), "i32", [3, 2, 4, 4])}, origin=(0, 0, "past", 0), score=causal),
    Case("sequences_of_known_rows", lengths=(QUERIES, QUERIES), batch=4, layout=RAGGED,
         element="f16", sizes=(7, 3), key_heads=[3, 1]),
    Case("sequences_of_queries_alone", lengths=(QUERIES, None), batch=4, dynamic=True,
         layout={"query": "thd", "result": "thd", "value": "bshd"}, log_sum_exp=True),
    Case("sequences_of_keys_alone", lengths=(None, KEYS), batch=4, dynamic=True,
         layout={"key": "thd", "value": "thd", "result": "bshd"}),
    Case("sequences_with_operands_by_role", lengths=(QUERIES, KEYS), batch=4, layout=RAGGED,
         tensors={"bias": ((4, 3), "f32", None), "row": ((10,), "f32", None),
                  "column": ((3, 23), "f32", None), "edges": ((10, 1), "i32", list(range(10))),
                  "w": ((8, 13), "f32", None), "a": ((5, 7), "f32", None)},
         auxiliary={"bias": (("batch", "head"), 0), "row": (("query",), 0),
                    "column": (("head", "key"), 0)},
         labels=("edges", ("query", "key")), relative=("w", ("label", "free"), 0),
         modulate={0: ("a", SHARED, 2)},
         region=terms("arith.addf {s}, %bias_", "arith.addf {s}, %row_", "arith.addf {s}, %column_"),
         score=lambda s, b, h, i, j, bias, row, column: s + bias + row + column),
]
