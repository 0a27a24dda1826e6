using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Sluice.Jobs;
using Sluice.Store;
using Sluice.Store.Memory;
using Sluice.Store.Postgres;
using Xunit;

namespace Sluice.Tests.Store;

public sealed class StoreServicesTests
{
    [Fact]
    public void The_memory_store_is_one_for_all_who_ask()
    {
        using ServiceProvider services = new ServiceCollection().AddMemoryStore().BuildServiceProvider();
        Assert.IsType<MemoryJobStore>(services.GetRequiredService<IJobStore>());
        Assert.Same(services.GetRequiredService<IJobStore>(), services.GetRequiredService<IJobStore>());
        Assert.IsType<MemoryKeyStore>(services.GetRequiredService<IKeyStore>());
    }

    [Fact]
    public async Task The_postgres_store_takes_its_settings_from_section_store()
    {
        await using ServiceProvider services = Postgres(("Store:ConnectionString", "Host=127.0.0.1;Username=u"), ("Store:CommandTimeout", "00:00:03"));
        Assert.Equal(TimeSpan.FromSeconds(3), services.GetRequiredService<IOptions<StoreOptions>>().Value.CommandTimeout);
        Assert.IsType<PostgresJobStore>(services.GetRequiredService<IJobStore>());
        Assert.IsType<PostgresKeyStore>(services.GetRequiredService<IKeyStore>());
    }

    [Theory]
    [InlineData("Store:CommandTimeout", "00:00:00.001", "00:00:00.0010000")]
    [InlineData("Store:DispatchTimeout", "00:00:01", "00:00:01")]
    [InlineData("Store:MaxConnections", "0", "0")]
    [InlineData("Store:ConnectionString", "", "empty")]
    [InlineData("Store:ConnectionString", "Hots=127.0.0.1;Password=hunter2", "not a connection string")]
    public async Task A_bad_setting_is_named_with_its_value_but_never_a_password(string setting, string value, string told)
    {
        await using ServiceProvider services = Postgres(("Store:ConnectionString", "Host=127.0.0.1;Username=u"), (setting, value));
        OptionsValidationException refused = Assert.Throws<OptionsValidationException>(() => services.GetRequiredService<IOptions<StoreOptions>>().Value);
        Assert.Contains(setting, refused.Message, StringComparison.Ordinal);
        Assert.Contains(told, refused.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("hunter2", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_thief_takes_whole_groups_and_splits_one_only_where_none_is_small_enough()
    {
        StealCandidate[] held = [.. Enumerable.Range(0, 11).Select(i => new StealCandidate(
            new JobId(Guid.CreateVersion7(DateTimeOffset.UnixEpoch.AddDays(20_000).AddSeconds(i))), "m", i < 7 ? 1 : i < 10 ? 2 : 3, DateTimeOffset.UnixEpoch.AddSeconds(i), Runs: false))];
        Assert.Equal([7, 8, 9, 10], Chosen(held, 5));
        Assert.Equal([10], Chosen(held, 2));
        // the youngest of the seven, whose holder would reach them last; never one job alone
        Assert.Equal([6, 5, 4], Chosen(held[..7], 3));
        Assert.Empty(Chosen(held[..7], 1));
        Assert.Empty(Chosen(held, 0));
        Assert.Empty(Chosen([], 5));
        // what its holder runs goes last
        Assert.Equal([10, 7, 8, 9], Chosen([.. held.Select(c => c with { Runs = c.PrefixKey == 2 })], 5));

        int[] Chosen(StealCandidate[] of, int room) => [.. StealPlan.Choose(of, room).Select(id => Array.FindIndex(held, c => c.Id == id))];
    }

    private static ServiceProvider Postgres(params (string Key, string Value)[] settings)
    {
        ServiceCollection services = new();
        services.AddSingleton<IConfiguration>(new ConfigurationBuilder()
            .AddInMemoryCollection(settings.Reverse().DistinctBy(s => s.Key).Select(s => new KeyValuePair<string, string?>(s.Key, s.Value))).Build());
        return services.AddPostgresStore().BuildServiceProvider();
    }
}
