using Sluice.Cli;
using Sluice.Integration.Tests.Store;
using Sluice.Jobs;
using Sluice.Tests.Inference;
using Xunit;

namespace Sluice.Integration.Tests.Inference;

/// <summary>A worker whose clock is wrong. Deadlines are the database's time.</summary>
[Collection(PostgresTests.Name)]
public sealed class SkewedClockTests(PostgresDatabase database) : RealRigs(database)
{
    [Theory]
    [InlineData("600")]
    [InlineData("-600")]
    public async Task A_job_with_time_left_runs_on_a_worker_whose_clock_is_ten_minutes_wrong(string seconds)
    {
        WorkerRig api = await StartAsync(null);
        await StartSkewedAsync("skewed", ShiftedTime.Of(seconds));
        JobId[] ids = await api.SubmitManyAsync(20, i => Prompt($"job {i}") with { Ttl = 120 });
        Assert.All(await api.EndAllAsync(ids), job => Assert.Equal(JobState.Succeeded, job.State));
    }
}
