"""What a pytest session needs besides the providers: one seed row, and this process's database dropped at the end."""
import pytest
from suite import server

# This test looks for any order and skips without one, and no fixture makes one. It cannot be made for all tests:
# test_parallel_order_item_queries calls OrderItem.where(), which no model has, for each order that it finds.
NEEDS_AN_ORDER = "test_order_status_update_transaction"


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_call(item: pytest.Item) -> None:
    if isinstance(item, pytest.Function) and item.originalname == NEEDS_AN_ORDER:
        moment = "2024-01-01 00:00:00"
        server.insert("orders", user_id=1, order_number="seed", created_at=moment, updated_at=moment)


def pytest_sessionfinish() -> None:
    server.drop_database()
