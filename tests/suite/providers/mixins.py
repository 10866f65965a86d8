"""Providers of feature/mixins."""
from rhosocial.activerecord.testsuite.feature.mixins.interfaces import IMixinsAsyncProvider, IMixinsSyncProvider
from suite.fixtures import Area, AsyncProvider, SyncProvider

MIXINS = Area("feature.mixins", schema="mixins")
FIXTURES = {
    "setup_timestamped_post_model": MIXINS.one("TimestampedPost"),
    "setup_versioned_product_model": MIXINS.one("VersionedProduct"),
    "setup_task_model": MIXINS.one("Task"),
    "setup_combined_article_model": MIXINS.one("CombinedArticle"),
}


class MixinsSyncProvider(SyncProvider, IMixinsSyncProvider, fixtures=FIXTURES):
    """feature.mixins.IMixinsSyncProvider"""


class MixinsAsyncProvider(AsyncProvider, IMixinsAsyncProvider, fixtures=FIXTURES):
    """feature.mixins.IMixinsAsyncProvider"""
