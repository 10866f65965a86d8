"""What a pytest session needs besides the providers: one seed row, this process's database dropped at the end, and a
mark on the tests that are run one at a time."""
from pathlib import Path

import pytest
from suite import server

# They start processes, up to eight, which have to be through with their work within some seconds.
ALONE = Path("feature", "basic", "worker")

# This test looks for any order and skips without one, and no fixture makes one. It cannot be made for all tests:
# test_parallel_order_item_queries calls OrderItem.where(), which no model has, for each order that it finds.
NEEDS_AN_ORDER = "test_order_status_update_transaction"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.parent.parts[-len(ALONE.parts) :] == ALONE.parts:
            item.add_marker("alone")


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_call(item: pytest.Item) -> None:
    if isinstance(item, pytest.Function) and item.originalname == NEEDS_AN_ORDER:
        moment = "2024-01-01 00:00:00"
        server.insert("orders", user_id=1, order_number="seed", created_at=moment, updated_at=moment)


def pytest_sessionfinish() -> None:
    server.drop_database()
