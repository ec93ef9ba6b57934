"""Writes a tiny ONNX detector by hand: every white 8 x 8 cell of the picture is a person.

Protocol buffer fields are those of onnx.proto3; the output layout is YOLOX, stride 8.
"""

import struct


def _varint(value):
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    return bytes([*out, value])


def _number(field, value):
    return _varint(field << 3) + _varint(value)


def _bytes(field, content):
    content = content.encode() if isinstance(content, str) else content
    return _varint(field << 3 | 2) + _varint(len(content)) + content


def _floats(name, shape, values):
    dims = b"".join(_number(1, side) for side in shape)
    return (
        dims + _number(2, 1) + _bytes(8, name) + _bytes(9, struct.pack(f"<{len(values)}f", *values))
    )


def _integers(name, values):
    dims = _number(1, len(values)) + _number(2, 7)
    return dims + _bytes(8, name) + _bytes(9, struct.pack(f"<{len(values)}q", *values))


def _list(name, values):
    return _bytes(5, _bytes(1, name) + b"".join(_number(8, v) for v in values) + _number(20, 7))


def _node(kind, inputs, output, attributes=b""):
    names = b"".join(_bytes(1, i) for i in inputs)
    return _bytes(1, names + _bytes(2, output) + _bytes(4, kind) + attributes)


def _value(name, shape):
    sides = b"".join(
        _bytes(1, _number(1, side) if isinstance(side, int) else _bytes(2, side)) for side in shape
    )
    return _bytes(1, name) + _bytes(2, _bytes(1, _number(1, 1) + _bytes(2, sides)))


def square_network(batch, height, width):
    """Returns the file; sides may be numbers (fixed) or words (free)."""
    cell = 3 * 8 * 8
    weights = [0.0] * (5 * cell) + [1 / (255 * cell)] * cell
    offsets = [0.5, 0.5, 0.0, 0.0, 1.0, 0.0]  # middle of the cell, one stride wide, sure
    graph = (
        _node(
            "Conv",
            ["picture", "w", "b"],
            "cells",
            _list("kernel_shape", [8, 8]) + _list("strides", [8, 8]),
        )
        + _node("Reshape", ["cells", "shape"], "columns")
        + _node("Transpose", ["columns"], "rows", _list("perm", [0, 2, 1]))
        + _bytes(2, "squares")
        + _bytes(5, _floats("w", [6, 3, 8, 8], weights))
        + _bytes(5, _floats("b", [6], offsets))
        + _bytes(5, _integers("shape", [0, 6, -1]))
        + _bytes(11, _value("picture", [batch, 3, height, width]))
        + _bytes(12, _value("rows", [batch, "cells", 6]))
    )
    return _number(1, 8) + _bytes(7, graph) + _bytes(8, _bytes(1, "") + _number(2, 13))
