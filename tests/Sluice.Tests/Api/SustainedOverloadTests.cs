using System.Globalization;
using System.Net;
using System.Text;
using Microsoft.Extensions.DependencyInjection;
using Sluice.Engine;
using Sluice.Jobs;
using Sluice.Service.Inference;
using Sluice.Service.Quotes;
using Sluice.Store;
using Sluice.Tests.Inference;
using Xunit;

namespace Sluice.Tests.Api;

/// <summary>
/// About ten times what the engine can do, for some seconds, from twenty tenants of whom one sends half of it. What can be counted is counted: how full the
/// engine is stands for goodput, since all that it answers is a job's end. Alone: the load takes what the machine has.
/// </summary>
[CollectionDefinition(nameof(SustainedOverloadTests), DisableParallelization = true)]
[Collection(nameof(SustainedOverloadTests))]
public sealed class SustainedOverloadTests : IAsyncLifetime
{
    private const string Before = "t1"; // whose jobs fill the engine before the load comes
    private const int Tenants = 20, Abusive = 0, Bound = 4, Places = 16, AtOnce = 16;
    private static readonly TimeSpan s_load = TimeSpan.FromSeconds(6), s_tick = TimeSpan.FromMilliseconds(25);

    private ApiHost _host = null!;

    public async ValueTask InitializeAsync() => _host = await ApiHost.StartAsync(worker: true, settings: new()
    {
        ["Intake:QueuedPerTenant"] = Bound.ToString(CultureInfo.InvariantCulture),
        ["Intake:CountEvery"] = "00:00:00.1",
        ["Worker:StubDelay"] = "00:00:00.25",
        ["Worker:StubSequences"] = Places.ToString(CultureInfo.InvariantCulture),
        ["Worker:ReportInterval"] = "00:00:00.1",
        ["Worker:CostInterval"] = "00:00:00.1",
    });

    public ValueTask DisposeAsync() => _host.DisposeAsync();

    [Fact]
    public async Task Refusals_are_quick_promises_are_kept_the_engine_is_full_every_tenant_has_its_share_and_all_is_well_afterwards()
    {
        QuoteBook quotes = _host.Parts.GetRequiredService<QuoteBook>();
        await FillAsync(2 * Places);
        await WorkerRig.EventuallyAsync(() => quotes.Of(Embedded.Job("ask", 1)) is not null, "quotes are made");
        IEngine engine = Assert.Single(_host.Parts.GetRequiredService<EngineHost>().All);
        List<HttpClient> clients = [];
        for (int i = 0; i < Tenants; i++)
        {
            clients.Add(await _host.ClientAsync(Name(i), KeyScopes.Submit));
        }
        // as long as the engine has room nobody waits, and there is nothing to share
        await FillAsync(3 * Places);
        await WorkerRig.EventuallyAsync(() => HandedTo(engine) >= Places, "the engine is full");

        using CancellationTokenSource over = new();
        Task<(int Looks, long Handed, long MostQueued)> watching = WatchAsync(engine, over.Token);
        Answer[] answers = await LoadAsync(clients);
        await over.CancelAsync();
        (int looks, long handed, long mostQueued) = await watching;
        TimeSpan drained = await SettleAsync();
        JobRecord[][] served = await Task.WhenAll(Enumerable.Range(0, Tenants).Select(i => JobsAsync(Name(i))));
        Answer[] after = await Task.WhenAll(clients.Select((client, tenant) => AskAsync(client, tenant, 900_000 + tenant)));
        await SettleAsync();
        clients.ForEach(client => client.Dispose());

        Answer[] refused = [.. answers.Where(answer => !answer.Accepted).OrderBy(answer => answer.Took)];
        JobRecord[] accepted = [.. served.SelectMany(jobs => jobs)];
        JobRecord[] promised = [.. accepted.Where(job => job.WillMeetDeadline == true)];
        int kept = promised.Count(job => job.State == JobState.Succeeded && job.FinishedAt <= job.Deadline);
        double full = (double)handed / looks / Places;
        double[] tokens = [.. served.Select(jobs => (double)jobs.Sum(TokensOf))];
        double share = tokens.Where((_, tenant) => tenant != Abusive).Average();
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"overload: {answers.Length} asked, {refused.Length} refused, half within {refused[refused.Length / 2].Took.TotalMilliseconds:0.0} ms, 99 % within {refused[refused.Length * 99 / 100].Took.TotalMilliseconds:0.0} ms; {kept} of {promised.Length} promises kept; engine {full:P1} full; tokens {tokens.Skip(1).Min() / share:0.00} to {tokens.Skip(1).Max() / share:0.00} of a share, {tokens[Abusive] / share:0.00} for the abusive one; drained in {drained.TotalSeconds:0.0} s"));

        Assert.True(answers.Length > 4 * accepted.Length, $"{answers.Length} asked, {accepted.Length} accepted: no overload");
        Assert.All(refused, answer => Assert.True(answer.Status is HttpStatusCode.TooManyRequests or HttpStatusCode.ServiceUnavailable && answer.RetryAfter > TimeSpan.Zero, $"{answer}"));
        Assert.InRange(refused[refused.Length / 2].Took.TotalMilliseconds, 0, 500); // 99 % are promised within 50 ms on a machine that does nothing else
        Assert.InRange(mostQueued, 1, (Tenants * Bound) + (3 * Places));

        Assert.All(accepted, job => Assert.Equal(JobState.Succeeded, job.State));
        Assert.True(answers.Count(answer => answer.Accepted) <= accepted.Length, "something that was accepted is not there");
        Assert.True(promised.Length > accepted.Length / 2, $"{promised.Length} of {accepted.Length} were promised");
        Assert.True(kept >= 0.99 * promised.Length, $"{kept} of {promised.Length} promises were kept");

        Assert.True(looks >= 20, $"{looks} looks at the engine");
        Assert.InRange(full, 0.9, 1);
        Assert.Equal(engine.Load.GeneratedTokens, await GeneratedAsync()); // nothing was computed in vain

        // a whole filling of its places may lie on either side of the end
        double filling = Bound * tokens[Abusive] / served[Abusive].Length;
        Assert.All(tokens.Where((_, tenant) => tenant != Abusive), of => Assert.InRange(of, 0.8 * share, 1.2 * share));
        Assert.InRange(tokens[Abusive], 0, (1.2 * share) + filling);

        Assert.InRange(drained, TimeSpan.Zero, TimeSpan.FromSeconds(30));
        Assert.All(after, answer => Assert.Equal(HttpStatusCode.Accepted, answer.Status));
    }

    private static string Name(int tenant) => $"tenant-{tenant}";

    private static int HandedTo(IEngine engine)
    {
        EngineLoad load = engine.Load;
        return load.Running + load.Waiting;
    }

    private static int TokensOf(JobRecord job) => job.Result is { Usage: var usage } ? usage.PromptTokens + usage.GeneratedTokens : 0;

    /// <summary>Prompts of one length that share no beginning: none goes with another out of its turn.</summary>
    private static async Task<Answer> AskAsync(HttpClient client, int tenant, int number)
    {
        string prompt = $"{number.ToString("D6", CultureInfo.InvariantCulture)} is the number of this request, and what is there to be said of it in a few words that nobody has read before?";
        using StringContent body = new($$"""{"model":"stub","prompt":"{{prompt}}","parameters":{"max_tokens":16},"ttl":90,"cache":{"mode":"off"} }""", Encoding.UTF8, "application/json");
        long start = TimeProvider.System.GetTimestamp();
        using HttpResponseMessage answer = await client.PostAsync("/v1/jobs", body);
        return new Answer(tenant, answer.StatusCode, answer.Headers.RetryAfter?.Delta, TimeProvider.System.GetElapsedTime(start));
    }

    /// <summary>Half of each tick's requests are the abusive tenant's, the others' turns go round. A machine that is too slow for it sends as fast as it can.</summary>
    private static async Task<Answer[]> LoadAsync(List<HttpClient> clients)
    {
        List<Answer> answers = [];
        Random random = new(17);
        int others = 0, number = 0;
        long start = TimeProvider.System.GetTimestamp();
        for (int tick = 1; TimeProvider.System.GetElapsedTime(start) < s_load; tick++)
        {
            int[] order = [.. Enumerable.Range(0, AtOnce).Select(i => i % 2 == 0 ? Abusive : 1 + (others++ % (Tenants - 1)))];
            random.Shuffle(order);
            int first = number;
            answers.AddRange(await Task.WhenAll(order.Select((tenant, i) => AskAsync(clients[tenant], tenant, first + i))));
            number += AtOnce;
            TimeSpan early = (tick * s_tick) - TimeProvider.System.GetElapsedTime(start);
            if (early > TimeSpan.Zero)
            {
                await Task.Delay(early);
            }
        }
        return [.. answers];
    }

    /// <summary>Past the door, which would refuse so many.</summary>
    private async Task FillAsync(int jobs) =>
        await _host.Store.SubmitAsync([.. Enumerable.Range(1, jobs).Select(i => Embedded.Job($"{i} of {jobs}", i) with { Tenant = Before, Ttl = TimeSpan.FromSeconds(60) })], CancellationToken.None);

    private async Task<(int Looks, long Handed, long MostQueued)> WatchAsync(IEngine engine, CancellationToken over)
    {
        int looks = 0;
        long handed = 0, most = 0;
        while (!over.IsCancellationRequested)
        {
            looks++;
            handed += HandedTo(engine);
            most = Math.Max(most, (await _host.Store.StatisticsAsync(CancellationToken.None)).Queued);
            await Task.Delay(20, CancellationToken.None);
        }
        return (looks, handed, most);
    }

    /// <summary>Returns when nothing waits or runs; how long that took.</summary>
    private async Task<TimeSpan> SettleAsync()
    {
        long start = TimeProvider.System.GetTimestamp();
        await WorkerRig.EventuallyAsync(async () => await _host.Store.StatisticsAsync(CancellationToken.None) is { Queued: 0, Running: 0 }, "all that was accepted ends");
        return TimeProvider.System.GetElapsedTime(start);
    }

    private async Task<JobRecord[]> JobsAsync(string tenant) => [.. await _host.Store.ListAsync(tenant, new JobQuery { Limit = 1000 }, CancellationToken.None)];

    /// <summary>Tokens of all answers that are kept.</summary>
    private async Task<long> GeneratedAsync()
    {
        long sum = 0;
        foreach (string tenant in Enumerable.Range(0, Tenants).Select(Name).Append(Before))
        {
            sum += (await JobsAsync(tenant)).Sum(job => job.Result?.Usage.GeneratedTokens ?? 0);
        }
        return sum;
    }

    private sealed record Answer(int Tenant, HttpStatusCode Status, TimeSpan? RetryAfter, TimeSpan Took)
    {
        public bool Accepted => Status is HttpStatusCode.Accepted or HttpStatusCode.OK;
    }
}
