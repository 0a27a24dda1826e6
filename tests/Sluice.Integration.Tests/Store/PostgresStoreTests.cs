using Sluice.Tests.Store;
using Xunit;

namespace Sluice.Integration.Tests.Store;

/// <summary>One after the other: the tests share a database.</summary>
[CollectionDefinition(Name)]
public sealed class PostgresTests
{
    public const string Name = "postgres";
}

[Collection(PostgresTests.Name)]
public sealed class PostgresSubmitTests(PostgresDatabase database) : SubmitContract(new PostgresHost(database));

[Collection(PostgresTests.Name)]
public sealed class PostgresDispatchTests(PostgresDatabase database) : DispatchContract(new PostgresHost(database));

[Collection(PostgresTests.Name)]
public sealed class PostgresFinishTests(PostgresDatabase database) : FinishContract(new PostgresHost(database));

[Collection(PostgresTests.Name)]
public sealed class PostgresTwinTests(PostgresDatabase database) : TwinContract(new PostgresHost(database));

[Collection(PostgresTests.Name)]
public sealed class PostgresReconcileTests(PostgresDatabase database) : ReconcileContract(new PostgresHost(database));

[Collection(PostgresTests.Name)]
public sealed class PostgresSubmissionTests(PostgresDatabase database) : SubmissionContract(new PostgresHost(database));

[Collection(PostgresTests.Name)]
public sealed class PostgresSubmissionEndTests(PostgresDatabase database) : SubmissionEndContract(new PostgresHost(database));

[Collection(PostgresTests.Name)]
public sealed class PostgresPoisonTests(PostgresDatabase database) : PoisonContract(new PostgresHost(database));

[Collection(PostgresTests.Name)]
public sealed class PostgresKeyStoreTests(PostgresDatabase database) : KeyStoreContract(new PostgresHost(database));

[Collection(PostgresTests.Name)]
public sealed class PostgresScheduleStoreTests(PostgresDatabase database) : ScheduleStoreContract(new PostgresHost(database));

[Collection(PostgresTests.Name)]
public sealed class PostgresRetentionTests(PostgresDatabase database) : RetentionContract(new PostgresHost(database));

[Collection(PostgresTests.Name)]
public sealed class PostgresCostStoreTests(PostgresDatabase database) : CostStoreContract(new PostgresHost(database));

[Collection(PostgresTests.Name)]
public sealed class PostgresQuoteTests(PostgresDatabase database) : QuoteContract(new PostgresHost(database));

[Collection(PostgresTests.Name)]
public sealed class PostgresWebhookStoreTests(PostgresDatabase database) : WebhookStoreContract(new PostgresHost(database));

[Collection(PostgresTests.Name)]
public sealed class PostgresModelTests(PostgresDatabase database) : ModelContract(new PostgresHost(database), histories: 12);

[Collection(PostgresTests.Name)]
public sealed class PostgresReplayTests(PostgresDatabase database) : ReplayContract(new PostgresHost(database));
