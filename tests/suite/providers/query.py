"""Providers of feature/query, its connection tests apart."""
from dataclasses import replace

from rhosocial.activerecord.testsuite.feature.query.interfaces import IQueryAsyncProvider, IQuerySyncProvider
from suite.fixtures import NEWER_SYNTAX, Area, AsyncProvider, SyncProvider
from suite.providers.basic import BASIC
from suite.workers import WorkerParams

QUERY = Area(
    "feature.query",
    schema="query",
    modules=(
        *NEWER_SYNTAX,
        "models",
        "async_models",
        "async_json_models",
        "cte_models",
        "async_cte_models",
        "annotated_adapter_models",
        "async_annotated_adapter_models",
    ),
)
EXTENDED = replace(QUERY, modules=("extended_models", "async_extended_models"))
MAPPED = replace(QUERY, schema="query_mapped")
FIXTURES = {
    "setup_order_fixtures": QUERY.all("User", "Order", "OrderItem"),
    "setup_blog_fixtures": QUERY.all("User", "Post", "Comment"),
    "setup_json_user_fixtures": QUERY.all("JsonUser"),
    "setup_tree_fixtures": QUERY.all("Node"),
    "setup_extended_order_fixtures": EXTENDED.all("User", "ExtendedOrder", "ExtendedOrderItem"),
    "setup_combined_fixtures": QUERY.all("User", "Order", "OrderItem", "Post", "Comment"),
    "setup_annotated_query_fixtures": QUERY.all("SearchableItem"),
    "setup_mapped_models": MAPPED.all("MappedUser", "MappedPost", "MappedComment"),
    "setup_profile_fixtures": QUERY.all("User", "Profile"),
    # The tests of composite keys want the basic area's OrderItem, not this area's.
    "setup_order_item_model": BASIC.one("OrderItem"),
}


class QueryExtras(WorkerParams):
    """What both providers of the area have besides the fixtures."""

    worker_schema = "query"

    def supports_orphan_relations(self) -> bool:
        """True: the tables have no foreign keys."""
        return True


class QuerySyncProvider(QueryExtras, SyncProvider, IQuerySyncProvider, fixtures=FIXTURES):
    """feature.query.IQuerySyncProvider"""


class QueryAsyncProvider(QueryExtras, AsyncProvider, IQueryAsyncProvider, fixtures=FIXTURES):
    """feature.query.IQueryAsyncProvider"""
