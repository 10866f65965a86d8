"""The pure-Python codec: the twin of the compiled ``codec._native``, name by name."""

from .decode import decode_rows
from .literal import bind, bind_rows
from .load import load_rows

__all__ = ["bind", "bind_rows", "decode_rows", "load_rows"]
