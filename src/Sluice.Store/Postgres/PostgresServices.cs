using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;

namespace Sluice.Store.Postgres;

/// <summary>Registers the Postgres store.</summary>
public static class PostgresServices
{
    /// <summary><see cref="IJobStore"/>, <see cref="ISubmissionStore"/>, <see cref="ISemanticCache"/>, <see cref="IKeyStore"/>, <see cref="IWebhookStore"/>, <see cref="IScheduleStore"/>, <see cref="ICostStore"/> and <see cref="IRetentionStore"/> on Postgres, options from section <c>Store</c>. Before anything else starts, role, settings and schema are checked.</summary>
    public static IServiceCollection AddPostgresStore(this IServiceCollection services)
    {
        services.TryAddSingleton(TimeProvider.System);
        services.AddOptions<StoreOptions>().BindConfiguration(StoreOptions.Section).ValidateOnStart();
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<StoreOptions>, StoreOptionsValidator>());
        services.TryAddSingleton<Database>();
        services.TryAddSingleton<IJobStore, PostgresJobStore>();
        services.TryAddSingleton<ISubmissionStore, PostgresSubmissionStore>();
        services.TryAddSingleton<ISemanticCache, PostgresSemanticCache>();
        services.TryAddSingleton<IKeyStore, PostgresKeyStore>();
        services.TryAddSingleton<IWebhookStore, PostgresWebhookStore>();
        services.TryAddSingleton<IRetentionStore, PostgresRetentionStore>();
        services.TryAddSingleton<IScheduleStore, PostgresScheduleStore>();
        services.TryAddSingleton<ICostStore, PostgresCostStore>();
        services.AddHostedService<StartupCheck>();
        return services;
    }
}
