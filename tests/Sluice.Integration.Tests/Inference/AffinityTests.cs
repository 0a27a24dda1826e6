using Sluice.Engine.Models;
using Sluice.Integration.Tests.Queue;
using Sluice.Integration.Tests.Store;
using Sluice.Jobs;
using Sluice.Tests.Inference;
using Xunit;

namespace Sluice.Integration.Tests.Inference;

/// <summary>Two worker processes with the demo model on one machine: where the jobs of a prefix run, and what that saves.</summary>
[Collection(PostgresTests.Name)]
public sealed class AffinityTests : RealRigs
{
    private const string Model = "tickets";
    /// <summary>Odd: a queue that deals its tickets to two workers in turn would keep an even number together by itself.</summary>
    private const int Prefixes = 41;
    private const int Jobs = 820;
    private readonly string _kvBytes = (ModelInspection.Read(SluiceProcess.DemoModel, new ModelOptions()).Memory.KvBytesPerPage * 450).ToString(System.Globalization.CultureInfo.InvariantCulture);

    public AffinityTests(PostgresDatabase database)
        : base(database)
    {
        Broker = new Broker { Model = Model, Shards = 8 };
        Models = [$"{Model}={SluiceProcess.DemoModel}"];
    }

    private static string Text(int number, int words)
    {
        string[] known = ["order", "refund", "late", "parcel", "invoice", "account", "broken", "password", "charge", "delivery", "return", "screen"];
        Random random = new(number);
        return string.Concat(Enumerable.Range(0, words).Select(_ => " " + known[random.Next(known.Length)]));
    }

    private static JobRequest Request(int number, string space) => new()
    {
        Model = Model,
        Prompt = Text(number % Prefixes, 130) + Text(1_000 + number, 8),
        Parameters = new JobParameters { MaxTokens = 1 },
        Cache = new CacheRequest { Mode = CacheMode.Off, Namespace = space },
    };

    private ChildService Worker(string name, int shards, params (string, string?)[] changes) => new(
        Settings(
            name,
            [.. changes, ("Queue:Shards", shards.ToString(System.Globalization.CultureInfo.InvariantCulture)), ("Worker:KvBytes", _kvBytes), ("Worker:HeartbeatTimeout", "00:00:10")]),
        model: Models[0]);

    /// <summary>Both are registered, and each has begun to consume its part of the shards, where there are any.</summary>
    private async Task BothAsync(int shards, params ChildService[] workers)
    {
        await WorkerRig.EventuallyAsync(async () => await CountAsync("select count(*) from workers") == workers.Length, "both workers are there", 120);
        foreach (ChildService worker in workers)
        {
            await WorkerRig.EventuallyAsync(() => worker.Lines.Any(line => line.Contains("Bus started", StringComparison.Ordinal)), "it takes tickets", 120);
            await WorkerRig.EventuallyAsync(
                () => shards == 1 || worker.Lines.Any(line => line.Contains("Consumes ", StringComparison.Ordinal) && !line.Contains($"Consumes {shards} of", StringComparison.Ordinal)), "it has its shards", 120);
        }
    }

    /// <summary>Share in thousandths of jobs that ran where most of their prefix did, and prompt tokens that were computed.</summary>
    private async Task<(long Together, long Computed)> FiguresAsync(string space) => (
        await CountAsync($"""
            select 1000 * sum(most) / sum(all_of) from (
                select prefix_key, max(n) as most, sum(n) as all_of from (
                    select j.prefix_key, e.worker, count(*) as n from job_events e join jobs j on j.id = e.job_id and j.claims = e.claims
                    where e.state = 1 and j.namespace = '{space}' group by j.prefix_key, e.worker) w group by prefix_key) p
            """),
        await CountAsync($"select sum(r.prompt_tokens - r.cached_tokens) from results r join jobs j on j.id = r.job where j.namespace = '{space}'"));

    private async Task<(long Together, long Computed)> RunAsync(string space, int shards)
    {
        WorkerRig api = await StartAsync(null, null, ("Queue:Shards", shards.ToString(System.Globalization.CultureInfo.InvariantCulture)));
        (string, string?)[] dealtOnce = [("Worker:StealAfter", "01:00:00"), ("Worker:TicketTimeout", "01:00:00")];
        await using ChildService first = Worker($"{space}-1", shards, dealtOnce), second = Worker($"{space}-2", shards, dealtOnce);
        await BothAsync(shards, first, second);
        JobId[] ids = await api.SubmitManyAsync(Jobs, i => Request(i, space));
        Assert.All(await api.EndAllAsync(ids, seconds: 240), job => Assert.Equal(JobState.Succeeded, job.State));
        Assert.True(await CountAsync($"select count(distinct e.worker) from job_events e join jobs j on j.id = e.job_id where e.state = 1 and j.namespace = '{space}'") == 2, "one worker did it all");
        (int one, int two) = ((await first.TerminateAsync()).Code, (await second.TerminateAsync()).Code);
        Assert.Equal((0, 0), (one, two));
        await api.StopAsync();
        return await FiguresAsync(space);
    }

    [Fact]
    public async Task Two_workers_compute_less_where_each_keeps_its_prefixes()
    {
        (long Together, long Computed) with = await RunAsync("divided", 8), without = await RunAsync("shared", 1);
        Console.WriteLine($"{Jobs} jobs of {Prefixes} prefixes on two workers: {with.Together / 10.0} % ran where most of their prefix did, {with.Computed} prompt tokens computed; "
            + $"with one queue for both: {without.Together / 10.0} %, {without.Computed}");
        Assert.True(with.Together >= 900, $"only {with.Together / 10.0} % ran where most of their prefix did");
        Assert.True(with.Computed < without.Computed, $"{with.Computed} prompt tokens were computed, without shards {without.Computed}");
    }

    [Fact]
    public async Task A_worker_killed_midway_loses_no_job()
    {
        WorkerRig api = await StartAsync(null);
        await using ChildService first = Worker("k-1", 8), second = Worker("k-2", 8);
        await BothAsync(8, first, second);
        JobId[] ids = await api.SubmitManyAsync(Jobs, i => Request(i, "killed"));
        await WorkerRig.EventuallyAsync(
            async () => await CountAsync("select count(*) from job_events e join workers w on w.id = e.worker where e.state = 1 and w.name = 'k-2'") >= 20, "the second runs some", 120);
        await second.KillAsync();
        Assert.True(await CountAsync("select count(*) from jobs where state in (0, 1)") > 0, "it was killed too late to prove anything");
        Assert.All(await api.EndAllAsync(ids, seconds: 240), job => Assert.Equal((JobState.Succeeded, 0), (job.State, job.Failures)));
        Assert.Equal(Jobs, await CountAsync("select count(*) from results"));
        Console.WriteLine($"killed midway: {(await FiguresAsync("killed")).Together / 10.0} % of the jobs ran where most of their prefix did");
    }
}
