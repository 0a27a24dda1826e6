namespace Sluice.Tests.Store;

public sealed class MemorySubmitTests() : SubmitContract(new MemoryHost());

public sealed class MemoryDispatchTests() : DispatchContract(new MemoryHost());

public sealed class MemoryFinishTests() : FinishContract(new MemoryHost());

public sealed class MemoryTwinTests() : TwinContract(new MemoryHost());

public sealed class MemoryReconcileTests() : ReconcileContract(new MemoryHost());

public sealed class MemorySubmissionTests() : SubmissionContract(new MemoryHost());

public sealed class MemorySubmissionEndTests() : SubmissionEndContract(new MemoryHost());

public sealed class MemoryPoisonTests() : PoisonContract(new MemoryHost());

public sealed class MemoryKeyStoreTests() : KeyStoreContract(new MemoryHost());

public sealed class MemoryScheduleStoreTests() : ScheduleStoreContract(new MemoryHost());

public sealed class MemoryRetentionTests() : RetentionContract(new MemoryHost());

public sealed class MemoryCostStoreTests() : CostStoreContract(new MemoryHost());

public sealed class MemoryQuoteTests() : QuoteContract(new MemoryHost());

public sealed class MemoryWebhookStoreTests() : WebhookStoreContract(new MemoryHost());

public sealed class MemoryModelTests() : ModelContract(new MemoryHost(), histories: 300);

public sealed class MemoryReplayTests() : ReplayContract(new MemoryHost());
