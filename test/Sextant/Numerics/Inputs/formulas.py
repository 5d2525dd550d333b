"""Attention in float64, written from the formulas and not from the compiler.

Everything works on whole arrays over [batch, head, query, key].
"""

import math

import numpy


def heads_first(array, layout):
    return array if layout == "bhsd" else array.transpose(0, 2, 1, 3)


def grouped(array, heads):
    """Each head as often as query heads share it, next to each other."""
    return numpy.repeat(array, heads // array.shape[1], axis=1)


def grid(origin, batch, heads, rows, keys):
    """Positions b, h, i, j, each shaped to broadcast over [B, H, Sq, Sk]."""
    def axis(size, position):
        shape = [1, 1, 1, 1]
        shape[position] = size
        start = numpy.asarray(origin[position])
        start = start.reshape(-1, 1, 1, 1) if start.ndim else start
        return numpy.arange(size).reshape(shape) + start
    return [axis(size, n) for n, size in enumerate((batch, heads, rows, keys))]


def by_role(table, roles, center, positions, sizes, beyond="clamp", labels=None):
    """The entry of a table for each score; free dimensions last."""
    index, known = [], None
    for dim, role in enumerate(roles):
        if role == "free":
            break
        if role in ("distance", "label"):
            entry = positions[3] - positions[2] + center if role == "distance" else labels
            known = (entry >= 0) & (entry < table.shape[dim])
            index.append(numpy.clip(entry, 0, table.shape[dim] - 1))
            continue
        axis = ("batch", "head", "query", "key").index(role)
        shape = [1, 1, 1, 1]
        shape[axis] = sizes[axis]
        local = numpy.arange(sizes[axis]).reshape(shape)
        index.append(local if table.shape[dim] != 1 else numpy.zeros_like(local))
    entries = table[tuple(index)]
    if beyond == "zero":
        known = known.reshape(known.shape + (1,) * (entries.ndim - known.ndim))
        entries = numpy.where(known, entries, 0)
    return entries


def hide(scores, keep):
    return numpy.where(keep, scores, -numpy.inf)


def bucket(distance, buckets, furthest, bidirectional):
    """Mesh TensorFlow's relative position bucket of key minus query, with its
    logarithm in float32."""
    def one(relative):
        result, n = 0, buckets
        if bidirectional:
            n //= 2
            result += n if relative > 0 else 0
            relative = abs(relative)
        else:
            relative = max(-relative, 0)
        exact = n // 2
        if relative < exact:
            return result + relative
        share = numpy.float32(numpy.log(numpy.float32(relative) / numpy.float32(exact)))
        share = share / numpy.float32(math.log(furthest / exact)) * numpy.float32(n - exact)
        return result + min(exact + int(share), n - 1)
    return numpy.vectorize(one)(distance)


def attention(queries, keys, value, scale, score, sink=None, uniform=False,
              lowest=numpy.finfo(numpy.float32).min, weights=None, relative=None):
    """Result and log-sum-exp. `score` maps products to scores; `weights` has a
    vector for each query and key of a pair (Huang's method 3), and `relative`
    one that is added to the key's value (Shaw)."""
    heads = queries[0].shape[1]
    sizes = queries[0].shape[:3] + (value.shape[2],)

    def product(pair, q, k):
        if pair not in (weights or {}):
            return numpy.einsum("bhid,bhjd->bhij", q, grouped(k, heads))
        each = numpy.broadcast_to(weights[pair], sizes + q.shape[3:])
        return numpy.einsum("bhid,bhijd,bhjd->bhij", q, each, grouped(k, heads))
    products = sum(product(n, q, k) for n, (q, k) in enumerate(zip(queries, keys)))
    scores = score(products * scale)
    if uniform:
        scores = numpy.maximum(scores, lowest)
    logits = scores
    if sink is not None:
        column = numpy.broadcast_to(sink.reshape(1, -1, 1, 1), scores.shape[:3] + (1,))
        logits = numpy.concatenate([scores, column], axis=3)
    highest = logits.max(axis=3, keepdims=True, initial=-numpy.inf)
    shift = numpy.where(numpy.isneginf(highest), 0.0, highest)
    shares = numpy.exp(scores - shift)
    total = numpy.exp(logits - shift).sum(axis=3, keepdims=True)
    with numpy.errstate(divide="ignore"):
        log_sum_exp = (numpy.log(total) + shift)[..., 0]
    share = numpy.divide(shares, total, out=numpy.zeros_like(shares), where=total > 0)
    result = numpy.einsum("bhij,bhjd->bhid", share, grouped(value, heads))
    if relative is not None:
        each = numpy.broadcast_to(relative, sizes + value.shape[3:])
        result += numpy.einsum("bhij,bhijd->bhid", share, each)
    return result, log_sum_exp
