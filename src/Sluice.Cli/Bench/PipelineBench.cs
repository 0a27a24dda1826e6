using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using RabbitMQ.Client.Exceptions;
using Sluice.Jobs;
using Sluice.Service;
using Sluice.Service.Access;
using Sluice.Service.Models;
using Sluice.Service.Queue;
using Sluice.Store;
using Sluice.Store.Postgres;

namespace Sluice.Cli.Bench;

/// <summary>Starts a service in this process, drives it over HTTP as a stranger would, and reads the figures from the jobs themselves.</summary>
internal sealed class PipelineBench : IDisposable
{
    private static readonly TimeSpan s_look = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan s_readyIn = TimeSpan.FromSeconds(30);
    private readonly HttpClient _http;
    private readonly TimeProvider _time;

    private PipelineBench(Uri url, string key, int concurrency, TimeProvider time)
    {
        _time = time;
        _http = new HttpClient(new SocketsHttpHandler { MaxConnectionsPerServer = concurrency }) { BaseAddress = url, Timeout = TimeSpan.FromHours(1) };
        _http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", key);
    }

    public static async Task<PipelineReport> RunAsync(
        Terminal terminal, int jobs, int concurrency, IReadOnlyList<string> modes, bool embedded, bool submission, CancellationToken cancellationToken)
    {
        // a tenant, queues and a worker of its own, gone afterwards; the outbox it would share with whoever else uses the store (RefuseCompanyAsync)
        string name = $"bench-{Guid.NewGuid().ToString("N")[..8]}";
        (string text, ApiKey key) = ApiKeyText.Create(name, KeyScopes.All, name, terminal.Time.GetUtcNow());
        SluiceHostOptions options = new()
        {
            Embedded = embedded,
            Roles = new HashSet<HostRole> { HostRole.Api, HostRole.Worker },
            Engine = EngineKind.Stub,
            Urls = "http://127.0.0.1:0",
            Time = terminal.Time,
            Settings = new Dictionary<string, string?>
            {
                ["Access:BootstrapKey"] = text,
                ["Access:BootstrapTenant"] = name,
                ["Queue:Prefix"] = name,
                ["Worker:Name"] = name,
                ["Worker:StubDelay"] = "00:00:00.001",
                ["Intake:QueuedPerTenant"] = Math.Max(jobs + 1, 100_000).ToString(CultureInfo.InvariantCulture),
                ["Logging:LogLevel:Default"] = "Warning",
                ["Logging:LogLevel:MassTransit"] = "Error", // it warns of a bus that never started
            },
        };
        await using WebApplication app = SluiceHost.Build(options);
        try
        {
            await RefuseCompanyAsync(app.Services, cancellationToken);
            await app.StartAsync(cancellationToken);
        }
        catch (StoreUnavailableException exception)
        {
            throw new CommandFailedException(ExitCode.Unreachable, $"{exception.Message} Name the servers (ops/services.sh env), or measure with --embedded.", exception);
        }
        try
        {
            using PipelineBench bench = new(new Uri(app.Urls.First()), text, concurrency, terminal.Time);
            await bench.AwaitReadyAsync(cancellationToken);
            if (submission)
            {
                SubmissionBench file = new(bench._http, terminal.Time);
                await file.RunAsync(Math.Min(jobs, 2000), modes[0], cancellationToken);
                await terminal.Error.WriteLineAsync($"bench: {jobs} lines, cache {modes[0]}");
                SubmissionRun run = await file.RunAsync(jobs, modes[0], cancellationToken);
                return new PipelineReport([], run.JobsPerS, 0, 0) { Submission = run };
            }
            await bench.SubmitAsync("warm-up", "off", Math.Min(jobs, 500), concurrency, cancellationToken);
            await bench.AwaitEndAsync(cancellationToken);
            List<PipelineRun> runs = [];
            foreach (string mode in modes)
            {
                await terminal.Error.WriteLineAsync($"bench: {jobs} jobs, cache {mode}");
                runs.Add(await bench.RunAsync(mode, jobs, concurrency, cancellationToken));
            }
            return new PipelineReport(runs, runs[0].JobsPerS, runs[0].P50Ms, runs[0].P99Ms);
        }
        finally
        {
            await app.StopAsync(CancellationToken.None);
            await RemoveAsync(terminal, app.Services, name, key);
        }
    }

    /// <summary>
    /// A relay takes any tenant's rows out of the outbox: the bench's would publish a living installation's tickets and events under the bench's names, where nobody listens, and
    /// the installation's would take the bench's. An installation is known by its workers.
    /// </summary>
    private static async Task RefuseCompanyAsync(IServiceProvider parts, CancellationToken cancellationToken)
    {
        if (await LivingWorkers.FindAsync(parts, cancellationToken) is { } worker)
        {
            throw CommandFailedException.Usage($"Worker '{worker}' uses this database, and the bench would take its installation's events. Give the bench a database of its own, or measure with --embedded.");
        }
    }

    /// <summary>What cannot be removed is named, and does not hide what the bench itself has to say.</summary>
    private static async Task RemoveAsync(Terminal terminal, IServiceProvider parts, string name, ApiKey key)
    {
        try
        {
            await parts.GetRequiredService<IKeyStore>().RevokeAsync(key.Id, CancellationToken.None);
            await TenantPurge.RunAsync(parts, name, CancellationToken.None);
            await parts.GetRequiredService<BrokerTopology>().DeleteAsync(parts.GetRequiredService<ModelCatalog>().All.Select(model => model.Name), CancellationToken.None);
        }
        catch (Exception exception) when (exception is StoreUnavailableException or BrokerUnreachableException)
        {
            await terminal.Error.WriteLineAsync($"bench: what tenant and queues '{name}' have could not all be removed: {exception.Message}");
        }
    }

    public void Dispose() => _http.Dispose();

    private async Task<PipelineRun> RunAsync(string mode, int jobs, int concurrency, CancellationToken cancellationToken)
    {
        string space = $"run-{mode}-{Guid.NewGuid().ToString("N")[..8]}";
        await SubmitAsync(space, mode, jobs, concurrency, cancellationToken);
        await AwaitEndAsync(cancellationToken);
        List<JobView> ended = await ReadAsync(space, jobs, cancellationToken);
        double[] latencies = [.. ended.Where(job => job.FinishedAt is not null).Select(job => (job.FinishedAt!.Value - job.CreatedAt).TotalMilliseconds).Order()];
        double seconds = (ended.Max(job => job.FinishedAt ?? job.CreatedAt) - ended.Min(job => job.CreatedAt)).TotalSeconds;
        return new PipelineRun(
            mode,
            jobs,
            ended.Count(job => job.State == JobState.Succeeded),
            ended.Count(job => job.Source is AnswerSource.Cache or AnswerSource.Twin),
            Math.Round(seconds, 3),
            Math.Round(jobs / seconds, 1),
            Percentile(latencies, 0.5),
            Percentile(latencies, 0.99));
    }

    /// <summary>With a cache, the second half repeats the first.</summary>
    private async Task SubmitAsync(string space, string mode, int jobs, int concurrency, CancellationToken cancellationToken)
    {
        int different = mode == "off" ? jobs : Math.Max(1, jobs / 2);
        ParallelOptions parallel = new() { MaxDegreeOfParallelism = concurrency, CancellationToken = cancellationToken };
        await Parallel.ForAsync(0, jobs, parallel, async (i, token) =>
        {
            string body = $$$"""{"model":"stub","prompt":"Item {{{i % different}}} of {{{space}}}: what is it?","cache":{"mode":"{{{mode}}}","namespace":"{{{space}}}"}}""";
            using ByteArrayContent content = new(Encoding.UTF8.GetBytes(body));
            content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
            using HttpResponseMessage answer = await _http.PostAsync(new Uri("/v1/jobs", UriKind.Relative), content, token);
            if (answer.StatusCode is not (HttpStatusCode.Accepted or HttpStatusCode.OK))
            {
                throw new CommandFailedException(ExitCode.Failed, $"POST /v1/jobs: {(int)answer.StatusCode} {await answer.Content.ReadAsStringAsync(token)}");
            }
        });
    }

    private async Task AwaitEndAsync(CancellationToken cancellationToken)
    {
        foreach (string state in (string[])["queued", "running", "queued"])
        {
            while ((await PageAsync($"/v1/jobs?limit=1&state={state}", cancellationToken)).Data.Count > 0)
            {
                await Task.Delay(s_look, _time, cancellationToken);
            }
        }
    }

    /// <summary>The run's jobs, newest first.</summary>
    private async Task<List<JobView>> ReadAsync(string space, int jobs, CancellationToken cancellationToken)
    {
        List<JobView> found = new(jobs);
        string? after = null;
        do
        {
            JobPage page = await PageAsync($"/v1/jobs?limit=1000{(after is null ? "" : $"&after={after}")}", cancellationToken);
            found.AddRange(page.Data.Where(job => job.Namespace == space));
            after = page.Next;
        }
        while (after is not null && found.Count < jobs);
        return found.Count == jobs ? found : throw new CommandFailedException(ExitCode.Failed, $"{jobs} jobs were accepted and {found.Count} are there.");
    }

    private async Task<JobPage> PageAsync(string path, CancellationToken cancellationToken) =>
        (await _http.GetFromJsonAsync(path, JobsJson.Default.JobPage, cancellationToken))!;

    private async Task AwaitReadyAsync(CancellationToken cancellationToken)
    {
        long start = _time.GetTimestamp();
        while (true)
        {
            using HttpResponseMessage answer = await _http.GetAsync(new Uri("/health/ready", UriKind.Relative), cancellationToken);
            if (answer.IsSuccessStatusCode)
            {
                return;
            }
            if (_time.GetElapsedTime(start) > s_readyIn)
            {
                throw new CommandFailedException(ExitCode.Unreachable, $"The service is not ready: {await answer.Content.ReadAsStringAsync(cancellationToken)}");
            }
            await Task.Delay(s_look, _time, cancellationToken);
        }
    }

    private static double Percentile(double[] sorted, double share) =>
        sorted.Length == 0 ? 0 : Math.Round(sorted[Math.Min(sorted.Length - 1, (int)Math.Ceiling(share * sorted.Length) - 1)], 1);
}
