"""A case with other numbers of queries and keys than it was written with."""

import numpy

from cases import Case


def stretched(values, shape):
    """An array of another shape, with the entries in their order."""
    for dim, size in enumerate(shape):
        if values.shape[dim] != size:
            values = numpy.take(values, numpy.arange(size) * values.shape[dim] // size, axis=dim)
    return values


def resized(case, rows, keys):
    """Queries keep how they lie to the last key, unless they begin at 0."""
    made = dict(case.made_of)
    if any(made["lengths"]):
        return None
    tensors = {}
    for name, (shape, element, values) in (made["tensors"] or {}).items():
        roles = (case.roles_of(name) or [()])[0]
        # What holds a row of keys in a region is as long as it is written.
        if "query" in roles and "free" in roles and shape[roles.index("free")] == made["keys"]:
            return None
        sizes = {"query": rows, "key": keys}
        larger = tuple(sizes.get(role, size) if size != 1 else 1 for role, size in zip(roles, shape)) or shape
        if values is not None:
            values = stretched(numpy.asarray(values).reshape(shape), larger)
            # Positions and lengths grow with the keys.
            if larger == shape and element in ("i32", "i64", "index"):
                values = values * (keys // made["keys"])
        tensors[name] = (larger, element, values)
    b, h, i, j = made["origin"]
    if not isinstance(i, str) and i != 0:
        i += keys - rows - made["keys"] + made["rows"]
    return Case(**made | {"rows": rows, "keys": keys, "tensors": tensors, "origin": (b, h, i, j)})
