"""Providers of feature/relation."""
from typing import Callable

from rhosocial.activerecord.testsuite.feature.relation.interfaces import IRelationAsyncProvider, IRelationSyncProvider
from suite.fixtures import Area, AsyncProvider, SyncProvider
from suite.server import insert

RELATION = Area("feature.relation", schema="relation")
FIXTURES = {
    "setup_user_model": RELATION.one("User"),
    "setup_post_model": RELATION.one("Post"),
    "setup_comment_model": RELATION.one("Comment"),
    "setup_employee_department_fixtures": RELATION.all("Employee", "Department"),
    "setup_author_book_fixtures": RELATION.all("Author", "Book", "Chapter", "Profile"),
    "setup_relation_boundary_fixtures": RELATION.all("BoundaryOwner", "BoundaryProfile", "BoundaryPost"),
}


def _null_foreign_key() -> dict[str, int]:
    return {"profile_id": insert("relation_boundary_profiles", bio="no owner")}


def _orphan_foreign_key() -> dict[str, int]:
    missing = 999
    return {"post_id": insert("relation_boundary_posts", title="orphan", owner_id=missing), "missing_owner_id": missing}


def _owner_without_children() -> dict[str, int]:
    return {"owner_id": insert("relation_boundary_owners", name="alone")}


def _multiple_has_one_matches() -> dict[str, int]:
    owner = insert("relation_boundary_owners", name="twice")
    return {
        "owner_id": owner,
        "first_profile_id": insert("relation_boundary_profiles", bio="first", owner_id=owner),
        "second_profile_id": insert("relation_boundary_profiles", bio="second", owner_id=owner),
    }


DATASETS: dict[str, Callable[[], dict[str, int]]] = {
    "null_foreign_key": _null_foreign_key,
    "orphan_foreign_key": _orphan_foreign_key,
    "owner_without_children": _owner_without_children,
    "multiple_has_one_matches": _multiple_has_one_matches,
}


class RelationSyncProvider(SyncProvider, IRelationSyncProvider, fixtures=FIXTURES):
    """feature.relation.IRelationSyncProvider"""

    def load_relation_boundary_dataset(self, scenario_name: str, dataset_name: str) -> dict[str, int]:
        """Insert the rows of the named dataset and return their ids by meaning."""
        return DATASETS[dataset_name]()


class RelationAsyncProvider(AsyncProvider, IRelationAsyncProvider, fixtures=FIXTURES):
    """feature.relation.IRelationAsyncProvider"""

    async def load_relation_boundary_dataset(self, scenario_name: str, dataset_name: str) -> dict[str, int]:
        """Insert the rows of the named dataset and return their ids by meaning."""
        return DATASETS[dataset_name]()
