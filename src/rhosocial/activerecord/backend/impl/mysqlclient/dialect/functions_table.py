"""Which function factories produce SQL the server runs: ``name: (MySQL since, MariaDB since)``.

Names are those of core's ``expression.functions`` and of this package's ``functions``.
"""

from __future__ import annotations

from rhosocial.activerecord.backend.expression import functions as core_functions

from .features import ALWAYS, NEVER, Since

FUNCTIONS: dict[str, tuple[Since, Since]] = {name: (ALWAYS, ALWAYS) for name in core_functions.__all__}
FUNCTIONS |= {name: (NEVER, NEVER) for name in core_functions.__all__ if name.startswith("xml")}
FUNCTIONS |= {
    # no counterpart
    "initcap": (NEVER, NEVER),
    "translate": (NEVER, NEVER),
    "array_agg": (NEVER, NEVER),
    "array_length": (NEVER, NEVER),
    "unnest": (NEVER, NEVER),
    "json_array_elements": (NEVER, NEVER),
    "grouping_sets": (NEVER, NEVER),
    "cube": (NEVER, NEVER),
    "to_char": (NEVER, (10, 6, 1)),
    "to_number": (NEVER, NEVER),
    "to_date": (NEVER, NEVER),
    # of this package, as far as core has them not
    **dict.fromkeys(
        (
            *("bit_and", "bit_or", "bit_xor", "bit_count", "bit_get_bit", "bit_shift_left", "bit_shift_right"),
            *("find_in_set", "elt", "field", "match_against", "pow", "trunc"),
            *("json_unquote", "json_object", "json_array", "json_contains", "json_set", "json_remove"),
            *("json_type", "json_valid", "json_search", "st_geom_from_text", "st_geom_from_wkb", "st_as_text"),
            *("st_as_geojson", "st_distance", "st_within", "st_contains", "st_intersects"),
        ),
        (ALWAYS, ALWAYS),
    ),
    # aggregates and window functions with a version
    "json_objectagg": (ALWAYS, (10, 5, 0)),
    "json_arrayagg": (ALWAYS, (10, 5, 0)),
    **dict.fromkeys(
        ("row_number", "rank", "dense_rank", "lag", "lead", "first_value", "last_value", "nth_value"),
        ((8, 0, 2), (10, 2, 2)),
    ),
}


class FunctionTable:
    """``supports_functions()``."""

    def supports_functions(self) -> dict[str, bool]:
        """Whether each known function factory works on this server."""
        return {name: self.available(*since) for name, since in FUNCTIONS.items()}
