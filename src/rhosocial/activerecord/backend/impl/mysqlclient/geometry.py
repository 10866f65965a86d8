"""Points, lines and polygons in the servers' own format of a GEOMETRY value: SRID, then WKB, little-endian.

The servers give and take these bytes as they are (MySQL manual, "Internal Geometry Storage Format").
"""

import struct
from typing import Any, NamedTuple, Sequence, Tuple

Position = Tuple[float, float]

_HEAD = struct.Struct("<IBI")  # SRID, byte order 1: little-endian, kind
_COUNT = struct.Struct("<I")
_POSITION = struct.Struct("<dd")
_KINDS = {1: "POINT", 2: "LINESTRING", 3: "POLYGON"}


class Geometry(NamedTuple):
    """coordinates: (x, y) of a POINT, a list of them for a LINESTRING, a list of rings of them for a POLYGON."""

    kind: str
    srid: int
    coordinates: Any


def _positions(positions: Sequence[Position]) -> bytes:
    return _COUNT.pack(len(positions)) + b"".join(_POSITION.pack(x, y) for x, y in positions)


def point(x: float, y: float, srid: int = 0) -> bytes:
    """A POINT; of SRID 4326, x is the longitude."""
    return _HEAD.pack(srid, 1, 1) + _POSITION.pack(x, y)


def linestring(positions: Sequence[Position], srid: int = 0) -> bytes:
    """A LINESTRING through two or more positions."""
    return _HEAD.pack(srid, 1, 2) + _positions(positions)


def polygon(rings: Sequence[Sequence[Position]], srid: int = 0) -> bytes:
    """A POLYGON of closed rings, the outer one first."""
    return _HEAD.pack(srid, 1, 3) + _COUNT.pack(len(rings)) + b"".join(map(_positions, rings))


class _Bytes:
    """Takes a value apart from the front."""

    def __init__(self, data: bytes) -> None:
        self.data, self.at = data, 0

    def take(self, form: struct.Struct) -> Tuple[Any, ...]:
        self.at += form.size
        return form.unpack_from(self.data, self.at - form.size)

    def positions(self) -> list:
        (count,) = self.take(_COUNT)
        return [self.take(_POSITION) for _ in range(count)]


def geometry(value: bytes) -> Geometry:
    """What a GEOMETRY column gave. Raises ValueError for other bytes and for collections."""
    data = _Bytes(value)
    try:
        srid, order, kind = data.take(_HEAD)
        if order != 1 or kind not in _KINDS:
            raise ValueError(f"no little-endian point, line or polygon: byte order {order}, kind {kind}")
        if kind == 1:
            coordinates: Any = data.take(_POSITION)
        elif kind == 2:
            coordinates = data.positions()
        else:
            (rings,) = data.take(_COUNT)
            coordinates = [data.positions() for _ in range(rings)]
    except struct.error as error:
        raise ValueError(f"{len(value)} bytes are no whole geometry") from error
    if data.at != len(value):
        raise ValueError(f"{len(value) - data.at} bytes follow the geometry")
    return Geometry(_KINDS[kind], srid, coordinates)
