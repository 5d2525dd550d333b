# Writes a model whose graphs lie in each other as deep as asked for.

import sys


def varint(value):
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    out.append(value)
    return bytes(out)


def field(number, payload):
    return varint(number << 3 | 2) + varint(len(payload)) + payload


graph = b""
for _ in range(int(sys.argv[1])):
    attribute = field(1, b"g") + field(6, graph) + varint(20 << 3) + varint(5)
    graph = field(1, field(4, b"If") + field(5, attribute))
graph += field(11, field(1, b"x") + field(2, field(1, varint(1 << 3) + varint(1)))) + field(12, field(1, b"x"))
model = varint(1 << 3) + varint(10) + field(7, graph) + field(8, varint(2 << 3) + varint(21))
sys.stdout.buffer.write(model)
