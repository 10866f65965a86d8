"""The provider registry that TESTSUITE_PROVIDER_REGISTRY names."""
from rhosocial.activerecord.testsuite.core.registry import ProviderRegistry
from suite.providers import basic, benchmark, connection, events, mixins, query, relation

PROVIDERS = {
    "feature.basic.IBasicSyncProvider": basic.BasicSyncProvider,
    "feature.basic.IBasicAsyncProvider": basic.BasicAsyncProvider,
    "feature.basic.connection.IBasicConnectionProvider": connection.ConnectionProvider,
    "feature.basic.transaction.ITransactionBasicProvider": connection.ConnectionProvider,
    "feature.query.IQuerySyncProvider": query.QuerySyncProvider,
    "feature.query.IQueryAsyncProvider": query.QueryAsyncProvider,
    "feature.query.connection.IQueryConnectionProvider": connection.ConnectionProvider,
    "feature.events.IEventsSyncProvider": events.EventsSyncProvider,
    "feature.events.IEventsAsyncProvider": events.EventsAsyncProvider,
    "feature.mixins.IMixinsSyncProvider": mixins.MixinsSyncProvider,
    "feature.mixins.IMixinsAsyncProvider": mixins.MixinsAsyncProvider,
    "feature.relation.IRelationSyncProvider": relation.RelationSyncProvider,
    "feature.relation.IRelationAsyncProvider": relation.RelationAsyncProvider,
    "benchmark.crud.ICrudBenchmarkProvider": benchmark.CrudBenchmarkProvider,
    "benchmark.query.IQueryBenchmarkProvider": benchmark.QueryBenchmarkProvider,
    "benchmark.transaction.ITransactionBenchmarkProvider": benchmark.TransactionBenchmarkProvider,
    "benchmark.mixin.IMixinBenchmarkProvider": benchmark.MixinBenchmarkProvider,
    "benchmark.fastapi.IFastAPIBenchmarkProvider": benchmark.FastAPIBenchmarkProvider,
}

provider_registry = ProviderRegistry()
for key, provider in PROVIDERS.items():
    provider_registry.register(key, provider)
