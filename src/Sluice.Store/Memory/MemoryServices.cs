using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace Sluice.Store.Memory;

/// <summary>Registers the memory store.</summary>
public static class MemoryServices
{
    /// <summary><see cref="IJobStore"/>, <see cref="ISubmissionStore"/>, <see cref="ISemanticCache"/>, <see cref="IKeyStore"/>, <see cref="IWebhookStore"/>, <see cref="IScheduleStore"/>, <see cref="ICostStore"/> and <see cref="IRetentionStore"/> in memory, on the registered <see cref="TimeProvider"/>.</summary>
    public static IServiceCollection AddMemoryStore(this IServiceCollection services)
    {
        services.TryAddSingleton(TimeProvider.System);
        services.TryAddSingleton<MemoryJobStore>();
        services.TryAddSingleton<IJobStore>(provider => provider.GetRequiredService<MemoryJobStore>());
        services.TryAddSingleton<ISubmissionStore, MemorySubmissionStore>();
        services.TryAddSingleton<ISemanticCache, MemorySemanticCache>();
        services.TryAddSingleton<IKeyStore, MemoryKeyStore>();
        services.TryAddSingleton<IWebhookStore, MemoryWebhookStore>();
        services.TryAddSingleton<IRetentionStore, MemoryRetentionStore>();
        services.TryAddSingleton<IScheduleStore, MemoryScheduleStore>();
        services.TryAddSingleton<ICostStore, MemoryCostStore>();
        return services;
    }
}
