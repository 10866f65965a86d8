"""Rows -> models: what core's constructor does 20 times slower, wherever the result is provably the same."""

from .mixin import AsyncFastLoadMixin, FastLoadMixin

__all__ = ["AsyncFastLoadMixin", "FastLoadMixin"]
