using System.Reflection;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Sluice.Jobs;
using Sluice.Store;
using Sluice.Store.Memory;
using Xunit;

namespace Sluice.Tests.Api;

/// <summary>Pages of a store that looks at so many jobs and no more.</summary>
public sealed class RarePageTests
{
    private static readonly JobId s_end = JobId.New(TimeProvider.System);

    [Fact]
    public async Task An_empty_page_that_is_not_the_last_says_where_to_go_on()
    {
        await using ApiHost host = await ApiHost.StartAsync(parts: parts => parts.AddSingleton(provider => CutShort.Around(provider.GetRequiredService<MemoryJobStore>())));
        JobPage first = await PageAsync(host, "?state=failed"), last = await PageAsync(host, $"?state=failed&after={s_end}");
        Assert.Empty(first.Data);
        Assert.Equal(s_end.ToString(), first.Next);
        Assert.Null(last.Next);
    }

    private static async Task<JobPage> PageAsync(ApiHost host, string query) =>
        JsonSerializer.Deserialize(await host.Client.GetStringAsync($"/v1/jobs{query}"), JobsJson.Default.JobPage)!;

    /// <summary>Its first page is none.</summary>
    public class CutShort : DispatchProxy
    {
        private IJobStore _inner = null!;

        public static IJobStore Around(IJobStore inner)
        {
            IJobStore store = Create<IJobStore, CutShort>();
            ((CutShort)(object)store)._inner = inner;
            return store;
        }

        protected override object? Invoke(MethodInfo? targetMethod, object?[]? args) =>
            targetMethod!.Name == nameof(IJobStore.ListAsync) && args![1] is JobQuery { After: null }
                ? Task.FromResult(new JobList([], s_end))
                : targetMethod.Invoke(_inner, args);
    }
}
