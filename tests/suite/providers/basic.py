"""Providers of feature/basic, its connection and transaction tests apart."""
from typing import Any

from rhosocial.activerecord.testsuite.feature.basic.fixtures.models import YesOrNoBooleanAdapter
from rhosocial.activerecord.testsuite.feature.basic.interfaces import IBasicAsyncProvider, IBasicSyncProvider
from suite.fixtures import Area, AsyncProvider, SyncProvider
from suite.workers import WorkerParams

BASIC = Area("feature.basic", schema="basic")
FIXTURES = {
    "setup_user_model": BASIC.one("User"),
    "setup_type_case_model": BASIC.one("TypeCase"),
    "setup_type_test_model": BASIC.one("TypeTestModel"),
    "setup_validated_field_user_model": BASIC.one("ValidatedFieldUser"),
    "setup_validated_user_model": BASIC.one("ValidatedUser"),
    "setup_pydantic_validated_model": BASIC.one("PydanticValidatedModel"),
    "setup_type_adapter_model_and_schema": BASIC.one("TypeAdapterTest"),
    "setup_bulk_user_model": BASIC.one("BulkUser"),
    "setup_order_model": BASIC.one("Order"),
    "setup_order_item_model": BASIC.one("OrderItem"),
    "setup_mapped_order_item_model": BASIC.one("MappedOrderItem"),
    "setup_mapped_models": BASIC.all("MappedUser", "MappedPost", "MappedComment"),
    "setup_mixed_models": BASIC.all("ColumnMappingModel", "MixedAnnotationModel"),
    "setup_product_model": BASIC.one("Product"),
    "setup_product_form_a_model": BASIC.one("ProductFormA"),
    "setup_product_with_proxy_model": BASIC.one("ProductWithProxy"),
    "setup_product_with_column_and_adapter_model": BASIC.one("ProductWithColumnAndAdapter"),
}


class BasicExtras(WorkerParams):
    """What both providers of the area have besides the fixtures."""

    worker_schema = "basic"

    def get_yes_no_adapter(self) -> YesOrNoBooleanAdapter:
        """The suite's own adapter, bool <-> 'yes' and 'no'."""
        return YesOrNoBooleanAdapter()


class BasicSyncProvider(BasicExtras, SyncProvider, IBasicSyncProvider, fixtures=FIXTURES):
    """feature.basic.IBasicSyncProvider"""

    def get_dialect(self, scenario_name: str) -> Any:
        """The dialect as the server makes it, whatever the scenario: the suite also asks for "default"."""
        return self.probe().dialect


class BasicAsyncProvider(BasicExtras, AsyncProvider, IBasicAsyncProvider, fixtures=FIXTURES):
    """feature.basic.IBasicAsyncProvider"""

    async def get_dialect(self, scenario_name: str) -> Any:
        """The dialect as the server makes it."""
        return (await self.probe()).dialect
