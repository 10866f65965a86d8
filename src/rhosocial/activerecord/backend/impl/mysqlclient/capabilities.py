"""`DatabaseCapabilities`: what the connected server can do, in six categories."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

# Asked once, when the backend adapts to its server.
PROBE = (
    "SHOW GLOBAL VARIABLES WHERE Variable_name IN "
    "('have_ssl', 'tls_version', 'local_infile', 'max_allowed_packet', 'max_connections', 'max_prepared_stmt_count')"
)


@dataclass(frozen=True)
class DatabaseCapabilities:
    """Feature name -> whether the server has it, in each category."""

    cte: Mapping[str, bool] = field(default_factory=dict)
    json: Mapping[str, bool] = field(default_factory=dict)
    window_functions: Mapping[str, bool] = field(default_factory=dict)
    full_text: Mapping[str, bool] = field(default_factory=dict)
    advanced_grouping: Mapping[str, bool] = field(default_factory=dict)
    connection: Mapping[str, bool] = field(default_factory=dict)

    def supports(self, category: str, feature: str | None = None) -> bool:
        """Whether the server has the feature, or any of the category's.

        Raises:
            KeyError: no such category or feature.
        """
        features = self.to_dict()[category]
        return any(features.values()) if feature is None else features[feature]

    def to_dict(self) -> dict[str, dict[str, bool]]:
        return asdict(self)


# category -> feature -> the dialect's flag
_FLAGS: dict[str, dict[str, str]] = {
    "cte": {
        "basic": "supports_basic_cte",
        "recursive": "supports_recursive_cte",
        "materialized": "supports_materialized_cte",
    },
    "json": {
        "type": "supports_json_type",
        "arrow_operators": "supports_json_arrow_operators",
        "json_table": "supports_json_table",
        "merge_patch": "supports_json_merge_patch",
    },
    "window_functions": {
        "window_functions": "supports_window_functions",
        "frame_clause": "supports_window_frame_clause",
    },
    "full_text": {
        "match_against": "supports_fulltext_search",
        "boolean_mode": "supports_fulltext_boolean_mode",
        "query_expansion": "supports_fulltext_query_expansion",
        "index": "supports_fulltext_index",
        "parser": "supports_fulltext_parser",
    },
    "advanced_grouping": {
        "rollup": "supports_rollup",
        "cube": "supports_cube",
        "grouping_sets": "supports_grouping_sets",
    },
}
# category -> feature -> function of the dialect's supports_functions()
_FUNCTIONS: dict[str, tuple[str, ...]] = {
    "json": ("json_extract", "json_search", "json_object", "json_array", "json_contains", "json_set", "json_remove"),
    "window_functions": ("row_number", "rank", "dense_rank", "lag", "lead", "first_value", "last_value", "ntile"),
}


def capabilities(dialect: Any, variables: Mapping[str, str]) -> DatabaseCapabilities:
    """The capabilities of the server that `dialect` is adapted to and whose `PROBE` gave `variables`."""
    found = {
        category: {feature: bool(getattr(dialect, flag)()) for feature, flag in flags.items()}
        for category, flags in _FLAGS.items()
    }
    functions = dialect.supports_functions()
    for category, names in _FUNCTIONS.items():
        usable = found[category]["type" if category == "json" else category]
        found[category].update({name: usable and functions.get(name, True) for name in names})
    found["connection"] = {
        "pooling": True,
        "async": True,
        "multiple_threads": True,
        "savepoints": dialect.supports_savepoint(),
        # have_ssl is gone from MySQL 8.4 on; MariaDB lists TLS versions even where it has no certificate
        "tls": variables.get("have_ssl", "YES" if variables.get("tls_version") else "NO") == "YES",
        "local_infile": variables.get("local_infile") == "ON",
        "prepared_statements": int(variables.get("max_prepared_stmt_count", 0)) > 0,
    }
    return DatabaseCapabilities(**found)


def probed_variables(rows: list[dict[str, Any]]) -> dict[str, str]:
    """The rows of `PROBE` as a mapping."""
    return {row["Variable_name"]: row["Value"] for row in rows}
