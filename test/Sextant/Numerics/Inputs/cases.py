"""Attentions to compute: each as IR and as a NumPy function of its scores.

Sizes are small, prime where they may be, and differ where a swap could hide.
"""

import zlib

import numpy

import formulas
import native

LAYOUTS = ("query", "key", "value", "result")


class Case:
    """One attention. `auxiliary` maps a name to (roles, center) or (roles,
    center, beyond), and so does `modulate` by pair and `relative`, with the name
    in front. `labels` is (name, roles), `lengths` the cumulative ones of queries
    and keys in layout thd; `tensors` maps a name to (shape, element type, values
    or None for random ones)."""

    def __init__(self, name, heads=3, key_heads=None, value_heads=None, batch=2, rows=5,
                 keys=11, sizes=(7,), value_size=13, element="f32", layout=None, scale=1.0,
                 origin=(0, 0, 0, 0), tensors=None, auxiliary=None, captured=(), region="",
                 score=lambda s, b, h, i, j, **_: s, sink=False, log_sum_exp=False,
                 uniform=False, dynamic=False, modulate=None, labels=None, relative=None,
                 lengths=(None, None)):
        self.made_of = {key: value for key, value in locals().items() if key != "self"}
        self.name, self.element, self.scale, self.origin = name, element, scale, origin
        self.auxiliary, self.captured = auxiliary or {}, captured
        self.region, self.score, self.sink = region, score, sink
        self.log_sum_exp, self.uniform, self.dynamic = log_sum_exp, uniform, dynamic
        self.layout = dict.fromkeys(LAYOUTS, "bhsd") | (layout or {})
        self.modulate, self.labels, self.relative = modulate or {}, labels, relative
        self.lengths = lengths
        rows = lengths[0][-1] if lengths[0] else rows
        keys = lengths[1][-1] if lengths[1] else keys
        key_heads = key_heads or [heads] * len(sizes)
        state = "f64" if element == "f64" else "f32"
        self.state = state

        def shape(h, s, d, operand):
            return {"bhsd": (batch, h, s, d), "bshd": (batch, s, h, d),
                    "thd": (s, h, d)}[self.layout[operand]]
        self.queries = [f"q{n}" for n in range(len(sizes))]
        self.keys = [f"k{n}" for n in range(len(sizes))]
        self.types = {}
        for n, size in enumerate(sizes):
            self.types[f"q{n}"] = (shape(heads, rows, size, "query"), element, None)
            self.types[f"k{n}"] = (shape(key_heads[n], keys, size, "key"), element, None)
        self.types["v"] = (shape(value_heads or key_heads[0], keys, value_size, "value"), element, None)
        for tensor, what in (tensors or {}).items():
            self.types[tensor] = what
        if sink:
            self.types["sink"] = ((heads,), state, None)
        for side, known in zip("qk", lengths):
            if known:
                self.types[f"{side}_lengths"] = ((len(known),), "i32", known)
        self.result = shape(heads, rows, value_size, "result")
        self.rows = (heads, rows) if self.layout["result"] == "thd" else (batch, heads, rows)
        self.parameters = list(self.types)

    def data(self):
        """Each parameter as a stored array and its element type."""
        random = numpy.random.default_rng(zlib.crc32(self.name.encode()))
        data = {}
        for name, (shape, element, values) in self.types.items():
            if values is None:
                values = random.standard_normal(shape)
                if element == "i1":
                    values = values > 0.3
            data[name] = native.store(numpy.asarray(values).reshape(shape), element), element
        return data

    def type(self, shape, element, open_dims=()):
        dims = ["?" if self.dynamic and n in open_dims else str(size)
                for n, size in enumerate(shape)]
        return "tensor<" + "x".join(dims + [element]) + ">"

    def operand_type(self, name):
        shape, element, _ = self.types[name]
        if not shape:
            return element
        if name in self.queries + self.keys + ["v"]:
            operand = {"q": "query", "k": "key", "v": "value"}[name[0]]
            return self.type(shape, element, self.open(operand))
        roles = self.roles_of(name)
        if roles:
            return self.type(shape, element, [n for n, role in enumerate(roles[0])
                                              if role in ("batch", "query", "key") and shape[n] != 1])
        if name in self.origin or name.endswith("_lengths"):
            return self.type(shape, element, (0,))
        return self.type(shape, element)

    def open(self, operand):
        """The dimensions of an operand that are dynamic where any are."""
        return {"bhsd": (0, 2), "bshd": (0, 1), "thd": (0,)}[self.layout[operand]]

    def roles_of(self, name):
        """Roles, center and what lies beyond of any operand by roles."""
        if name in self.auxiliary:
            return self.auxiliary[name]
        if self.labels and name == self.labels[0]:
            return (self.labels[1], 0)
        for table, *roles in [*self.modulate.values(), *([self.relative] if self.relative else [])]:
            if table == name:
                return roles
        return None

    def by_roles(self, name):
        """`%name as <[roles], center = 3, beyond = zero> : type`."""
        roles, center, beyond = (*self.roles_of(name), "clamp")[:3]
        entries = f", center = {center}" if center else ""
        entries += ", beyond = zero" if beyond == "zero" else ""
        return f"%{name} as <[{', '.join(roles)}]{entries}> : {self.operand_type(name)}"

    def function(self):
        def group(keyword, names):
            return (f"{keyword}({', '.join('%' + n for n in names)} : "
                    f"{', '.join(self.operand_type(n) for n in names)})")
        results = [self.type(self.result, self.element, self.open("result"))]
        if self.log_sum_exp:
            results.append(self.type(self.rows, self.state,
                                     (1,) if self.layout["result"] == "thd" else (0, 2)))
        text = [group("query", self.queries), group("key", self.keys), group("value", ["v"])]
        if self.modulate:
            text.append("modulate(" + ", ".join(f"{pair} by {self.by_roles(name)}" for pair, (name, *_)
                                                in self.modulate.items()) + ")")
        if self.auxiliary:
            text.append(f"auxiliary({', '.join(self.by_roles(name) for name in self.auxiliary)})")
        if self.labels:
            text.append(f"labels({self.by_roles(self.labels[0])})")
        if any(entry != 0 for entry in self.origin):
            def entry(value):
                if not isinstance(value, str):
                    return str(value)
                kind = self.operand_type(value)
                return f"%{value}" if kind == "index" else f"%{value} : {kind}"
            text.append(f"at [{', '.join(entry(value) for value in self.origin)}]")
        changed = [f"{name} {self.layout[name]}" for name in LAYOUTS if self.layout[name] != "bhsd"]
        if changed:
            text.append("layout " + " ".join(changed))
        text.append(f"scale {self.scale:e}")
        if self.uniform:
            text.append("empty_row uniform")
        if self.relative:
            text.append(f"relative_value({self.by_roles(self.relative[0])})")
        for side, name in (("query", "q_lengths"), ("key", "k_lengths")):
            if name in self.types:
                text.append(f"{side}_lengths(%{name} : {self.operand_type(name)})")
        if self.sink:
            text.append(f"sink(%sink : {self.operand_type('sink')})")
        if self.log_sum_exp:
            text.append("log_sum_exp")
        if self.region:
            arguments = [f"%s: {self.state}"] + [f"%{x}: index" for x in "bhij"]
            for name, (roles, *_) in self.auxiliary.items():
                shape, element, _ = self.types[name]
                free = roles.count("free")
                kind = self.type(shape[len(shape) - free:], element) if free else element
                arguments.append(f"%{name}_: {kind}")
            text.append(f"score {{\n^bb0({', '.join(arguments)}):\n{self.region}\n}}")
        parameters = ", ".join(f"%{name}: {self.operand_type(name)}" for name in self.parameters)
        types = ", ".join(results)
        count = f":{len(results)}" if len(results) > 1 else ""
        values = ", ".join(f"%o#{n}" for n in range(len(results))) if count else "%o"
        return (f"func.func @{self.name}({parameters}) -> ({types}) "
                "attributes {llvm.emit_c_interface} {\n"
                f"%o{count} = sextant.attention {' '.join(text)} : {types}\n"
                f"return {values} : {types}\n}}\n")


def terms(*lines, state="f32"):
    """A region that chains terms: `{s}` is the score so far."""
    text, score = [], "%s"
    for number, line in enumerate(lines):
        if "{s}" in line:
            text.append(f"%t{number} = {line.replace('{s}', score)} : {state}")
            score = f"%t{number}"
        else:
            text.append(line)
    return "\n".join(text + [f"sextant.yield {score} : {state}"])


CAUSAL = "sextant.causal {s} at %i, %j"
hide = formulas.hide


def cap(scores, bound):
    return bound * numpy.tanh(scores / bound)


ALL = [
    Case("plain"),
    Case("scaled_and_dynamic", scale=0.25, dynamic=True, log_sum_exp=True),
    Case("grouped_heads", heads=6, key_heads=[3], value_heads=3, scale=0.5),
    Case("keys_and_values_grouped_apart", heads=6, key_heads=[3], value_heads=2),
    Case("one_key_head", heads=5, key_heads=[1], value_heads=1, dynamic=True),
    Case("two_pairs_of_their_own_size", heads=6, sizes=(7, 3), key_heads=[6, 1], value_heads=2,
         scale=0.3),
    Case("single_query", rows=1, keys=17, dynamic=True),
    Case("causal_past_an_origin", origin=(0, 0, 6, 0), region=terms(CAUSAL),
         score=lambda s, b, h, i, j: hide(s, j <= i)),
    Case("causal_with_empty_rows", origin=(0, 0, 0, 2), region=terms(CAUSAL), log_sum_exp=True,
         score=lambda s, b, h, i, j: hide(s, j <= i)),
    Case("causal_with_uniform_empty_rows", origin=(0, 0, 0, 2), region=terms(CAUSAL),
         uniform=True, score=lambda s, b, h, i, j: hide(s, j <= i)),
    Case("causal_at_a_past_of_each_entry", batch=3, dynamic=True,
         tensors={"past": ((3,), "index", [0, 6, 3])}, origin=(0, 0, "past", 0),
         region=terms(CAUSAL), score=lambda s, b, h, i, j: hide(s, j <= i)),
    Case("causal_at_a_past_in_i64_and_keys_moved", batch=3,
         tensors={"past": ((3,), "i64", [4, 6, 5]), "start": ((3,), "i32", [0, 3, 1])},
         origin=(0, 0, "past", "start"), region=terms(CAUSAL),
         score=lambda s, b, h, i, j: hide(s, j <= i)),
    Case("causal_at_a_runtime_past", tensors={"past": ((), "index", 6)}, dynamic=True,
         origin=(0, 0, "past", 0), region=terms(CAUSAL),
         score=lambda s, b, h, i, j: hide(s, j <= i)),
    Case("window_of_both_sides", origin=(0, 0, 3, 0), rows=7,
         region=terms("sextant.window {s} at %i, %j left 2 right 1"),
         score=lambda s, b, h, i, j: hide(s, (j - i >= -2) & (j - i <= 1))),
    # Panels of keys lie inside of these for some rows of a block and not for others.
    Case("window_of_many_keys", origin=(0, 0, 3, 0), rows=7,
         region=terms("sextant.window {s} at %i, %j left 67 right 40"),
         score=lambda s, b, h, i, j: hide(s, (j - i >= -67) & (j - i <= 40))),
    Case("window_of_one_side_and_causal", origin=(0, 0, 5, 0),
         region=terms("sextant.window {s} at %i, %j left 3", CAUSAL),
         score=lambda s, b, h, i, j: hide(s, (i - j <= 3) & (j <= i))),
    Case("alibi_then_causal", heads=6, key_heads=[3], origin=(0, 0, 6, 0), scale=0.25,
         tensors={"slope": ((6,), "f32", None)}, auxiliary={"slope": (("head",), 0)},
         region=terms("sextant.alibi {s} slope %slope_ at %i, %j", CAUSAL),
         score=lambda s, b, h, i, j, slope: hide(s + slope * (j - i), j <= i)),
    Case("symmetric_alibi", tensors={"slope": ((3,), "f32", [0.5, 0.25, 0.125])},
         auxiliary={"slope": (("head",), 0)}, origin=(0, 0, 3, 0),
         region="%0 = sextant.alibi %s slope %slope_ at %i, %j symmetric : f32\n"
                "sextant.yield %0 : f32",
         score=lambda s, b, h, i, j, slope: s - slope * abs(j - i)),
    Case("softcap_then_causal", origin=(0, 0, 2, 0), scale=3.0,
         region=terms("sextant.softcap {s} cap 2.000000e+00", CAUSAL),
         score=lambda s, b, h, i, j: hide(cap(s, 2.0), j <= i)),
    # What is hidden before the cap comes back as -cap: order is meaning.
    Case("causal_then_softcap", origin=(0, 0, 2, 0), scale=3.0,
         region=terms(CAUSAL, "sextant.softcap {s} cap 2.000000e+00"),
         score=lambda s, b, h, i, j: cap(hide(s, j <= i), 2.0)),
    Case("padding_by_lengths", batch=3, tensors={"length": ((3,), "index", [11, 5, 0])},
         auxiliary={"length": (("batch",), 0)}, log_sum_exp=True,
         region=terms("sextant.padding {s} length %length_ at %i, %j"),
         score=lambda s, b, h, i, j, length: hide(s, j < length)),
    # No query need see its own key: nothing may be left out.
    Case("padding_with_uniform_rows", batch=3, uniform=True, tensors={"length": ((3,), "index", [11, 5, 0])},
         auxiliary={"length": (("batch",), 0)}, region=terms("sextant.padding {s} length %length_ at %i, %j"),
         score=lambda s, b, h, i, j, length: hide(s, j < length)),
    Case("dense_mask_of_each_row", tensors={"keep": ((2, 1, 5, 11), "i1", None)},
         auxiliary={"keep": (("batch", "head", "query", "key"), 0)}, dynamic=True,
         region=terms("sextant.mask {s} keep %keep_ at %i, %j"),
         score=lambda s, b, h, i, j, keep: hide(s, keep)),
    # Searched from both ends; one entry shows nothing.
    Case("mask_of_keys", batch=3, tensors={"keep": ((3, 11), "i1", numpy.array(
             [[0, 0, 0, 0, 1, 1, 0, 1, 0, 0, 0], [0] * 11, [1] * 3 + [0] * 8], bool))},
         auxiliary={"keep": (("batch", "key"), 0)}, origin=(0, 0, 4, 3), dynamic=True,
         region=terms("sextant.mask {s} keep %keep_ at %i, %j"),
         score=lambda s, b, h, i, j, keep: hide(s, keep)),
    Case("dense_bias_by_head_and_key", tensors={"bias": ((3, 11), "f32", None)},
         auxiliary={"bias": (("head", "key"), 0)},
         region=terms("arith.addf {s}, %bias_"),
         score=lambda s, b, h, i, j, bias: s + bias),
    Case("bias_stored_in_half", element="f16", tensors={"bias": ((5, 11), "f16", None)},
         auxiliary={"bias": (("query", "key"), 0)},
         region=terms("%wide = arith.extf %bias_ : f16 to f32", "arith.addf {s}, %wide"),
         score=lambda s, b, h, i, j, bias: s + bias),
    Case("table_by_clipped_distance", rows=7, tensors={"table": ((3, 7), "f32", None)},
         auxiliary={"table": (("head", "distance"), 3)}, origin=(0, 0, 2, 0),
         region=terms("sextant.distance_bias {s} bias %table_ at %i, %j before 3 after 3"),
         score=lambda s, b, h, i, j, table: s + table),
    Case("row_products_by_distance", rows=7, tensors={"relative": ((2, 3, 7, 5), "f32", None)},
         auxiliary={"relative": (("batch", "head", "query", "distance"), 2)}, dynamic=True,
         region=terms("arith.addf {s}, %relative_"),
         score=lambda s, b, h, i, j, relative: s + relative),
    Case("free_row_read_in_the_region", tensors={"table": ((2, 5, 11), "f32", None)},
         auxiliary={"table": (("batch", "query", "free"), 0)},
         region=terms("%entry = tensor.extract %table_[%j] : tensor<11xf32>",
                      "arith.addf {s}, %entry"),
         score=lambda s, b, h, i, j, table: s + table[..., 0, :]),
    Case("buckets_both_ways", heads=6, rows=23, keys=71, origin=(0, 0, 9, 0),
         tensors={"table": ((8, 6), "f32", None)}, captured=("table",),
         region="%0 = sextant.bucket_bias %s table %table[%h] at %i, %j max_distance 32 bidirectional"
                " : f32, tensor<8x6xf32>\nsextant.yield %0 : f32",
         score=lambda s, b, h, i, j, table: s + table[formulas.bucket(j - i, 8, 32, True), h]),
    Case("buckets_backwards", heads=6, rows=5, keys=71, origin=(0, 0, 66, 0),
         tensors={"table": ((7, 6), "f32", None)}, captured=("table",),
         region="%0 = sextant.bucket_bias %s table %table[%h] at %i, %j max_distance 40"
                " : f32, tensor<7x6xf32>\nsextant.yield %0 : f32",
         score=lambda s, b, h, i, j, table: s + table[formulas.bucket(j - i, 7, 40, False), h]),
    Case("math_of_ones_own", batch=3, origin=(2, 5, 0, 0),
         region=terms("%bh = arith.muli %b, %h : index",
                      "%number = arith.index_cast %bh : index to i64",
                      "%bias = arith.sitofp %number : i64 to f32", "arith.addf {s}, %bias",
                      CAUSAL),
         score=lambda s, b, h, i, j: hide(s + b * h, j <= i)),
    Case("sink_of_each_head", sink=True, log_sum_exp=True, origin=(0, 0, 4, 0),
         region=terms(CAUSAL), score=lambda s, b, h, i, j: hide(s, j <= i)),
    Case("sink_under_empty_rows", sink=True, log_sum_exp=True, origin=(0, 0, 0, 3),
         region=terms(CAUSAL), score=lambda s, b, h, i, j: hide(s, j <= i)),
    Case("sequence_before_heads", layout=dict.fromkeys(LAYOUTS, "bshd"), heads=6, key_heads=[2],
         dynamic=True, region=terms(CAUSAL), score=lambda s, b, h, i, j: hide(s, j <= i)),
    Case("layouts_mixed", layout={"key": "bshd", "result": "bshd"}, log_sum_exp=True),
    Case("layouts_mixed_otherwise", layout={"query": "bshd", "value": "bshd"}, heads=6,
         key_heads=[3], value_heads=2),
    Case("half_precision", element="f16", heads=6, key_heads=[3], log_sum_exp=True),
    Case("brain_floats", element="bf16", region=terms(CAUSAL), origin=(0, 0, 3, 0),
         score=lambda s, b, h, i, j: hide(s, j <= i)),
    Case("double_precision", element="f64", log_sum_exp=True, sink=True, origin=(0, 0, 3, 0),
         region=terms("sextant.softcap {s} cap 5.000000e+00", CAUSAL, state="f64"),
         score=lambda s, b, h, i, j: hide(cap(s, 5.0), j <= i)),
]
