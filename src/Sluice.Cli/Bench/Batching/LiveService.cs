using System.Globalization;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Sluice.Batching.Costs;
using Sluice.Batching.Simulation;
using Sluice.Cli.Models;
using Sluice.Engine;
using Sluice.Engine.Models;
using Sluice.Jobs;
using Sluice.Service;
using Sluice.Service.Access;
using Sluice.Service.Inference;
using Sluice.Service.Intake;
using Sluice.Service.Models;
using Sluice.Store;

namespace Sluice.Cli.Bench.Batching;

/// <summary>Prompt tokens that an engine computed, and its steps.</summary>
internal readonly record struct EngineCounts(long ComputedTokens, long Steps);

/// <summary>The whole service in this process, in memory, on a real model: jobs go in through its intake when they arrive, and what became of them is read from its store.</summary>
internal sealed class LiveService(WebApplication app, TimeProvider time) : IAsyncDisposable
{
    public const int Sequences = 64, StepTokens = 512, Pages = 2_000;
    private const string Model = "live", Tenant = "live";
    private static readonly TimeSpan s_look = TimeSpan.FromMilliseconds(20), s_patience = TimeSpan.FromMinutes(2);

    public ServedModel Served { get; } = app.Services.GetRequiredService<ModelCatalog>().All[0];

    public LearnedCosts Learned => app.Services.GetRequiredService<InferenceLoops>().All.Single().Costs.Learned();

    /// <summary>Under what its former keeps the lengths of such a job's answers.</summary>
    public static long WorkloadOf(SimJob job) => Service.Quotes.Workload.Of(Tenant, JobDefaults.Namespace, JobKind.Generate, job.Max);

    public EngineInfo Info => Engine.Info;

    private IEngine Engine => app.Services.GetRequiredService<EngineHost>().All[0];

    public static async Task<LiveService> StartAsync(Terminal terminal, string folder, CancellationToken cancellationToken)
    {
        long perPage = KvBudget.Inspect(folder, new ModelOptions()).Memory.KvBytesPerPage;
        WebApplication app = SluiceHost.Build(new SluiceHostOptions
        {
            Embedded = true,
            Roles = new HashSet<HostRole> { HostRole.Api, HostRole.Worker },
            Models = [$"{Model}={folder}"],
            Urls = "http://127.0.0.1:0",
            Time = terminal.Time,
            Settings = new Dictionary<string, string?>
            {
                ["Worker:KvBytes"] = (perPage * Pages).ToString(CultureInfo.InvariantCulture),
                ["Worker:MaxSequences"] = Sequences.ToString(CultureInfo.InvariantCulture),
                ["Worker:MaxStepTokens"] = StepTokens.ToString(CultureInfo.InvariantCulture),
                ["Intake:QueuedPerTenant"] = "1000000",
                ["Logging:LogLevel:Default"] = "Error",
            },
        });
        LiveService service = new(app, terminal.Time);
        try
        {
            await app.StartAsync(cancellationToken);
            long start = terminal.Time.GetTimestamp();
            while (!app.Services.GetRequiredService<EngineHost>().IsReady)
            {
                if (terminal.Time.GetElapsedTime(start) > s_patience) throw new CommandFailedException(ExitCode.Failed, $"The engine was not loaded within {s_patience.TotalSeconds:0} s.");
                await Task.Delay(s_look, terminal.Time, cancellationToken);
            }
            return service;
        }
        catch
        {
            await service.DisposeAsync();
            throw;
        }
    }

    /// <summary>Submits every job at its arrival; returns when all have ended: what each became, and what the engine did.</summary>
    public async Task<(JobRecord[] Records, EngineCounts Counts)> ReplayAsync(SimJob[] jobs, Func<SimJob, string> prompt, CancellationToken cancellationToken)
    {
        JobIntake intake = app.Services.GetRequiredService<JobIntake>();
        Caller caller = new(Tenant, KeyScopes.All);
        JobRequest[] requests = [.. jobs.Select(job => Request(job, prompt(job)))];
        Task<JobId>[] ids = new Task<JobId>[jobs.Length];
        EngineLoad before = Engine.Load;
        long start = time.GetTimestamp();
        for (int i = 0; i < jobs.Length; i++)
        {
            TimeSpan early = TimeSpan.FromSeconds(jobs[i].Arrival) - time.GetElapsedTime(start);
            if (early > TimeSpan.FromMilliseconds(1)) await Task.Delay(early, time, cancellationToken);
            ids[i] = SubmitAsync(intake, caller, requests[i]);
        }
        IJobStore store = app.Services.GetRequiredService<IJobStore>();
        JobRecord[] ended = new JobRecord[jobs.Length];
        for (int i = 0; i < jobs.Length; i++)
        {
            JobId id = await ids[i];
            while ((ended[i] = (await store.GetAsync(Tenant, id, cancellationToken))!).State.IsTerminal() is false) await Task.Delay(s_look, time, cancellationToken);
        }
        EngineLoad after = Engine.Load;
        return (ended, new EngineCounts(after.ComputedTokens - before.ComputedTokens, after.Steps - before.Steps));
    }

    public async ValueTask DisposeAsync()
    {
        await app.StopAsync(CancellationToken.None);
        await app.DisposeAsync();
    }

    private static JobRequest Request(SimJob job, string prompt) => new()
    {
        Model = Model,
        Prompt = prompt,
        Priority = job.Class,
        Parameters = new JobParameters { MaxTokens = job.Max },
        Ttl = double.IsInfinity(job.Deadline) ? null : Math.Max(1, job.Deadline - job.Arrival),
        Cache = new CacheRequest { Mode = CacheMode.Off },
    };

    private static async Task<JobId> SubmitAsync(JobIntake intake, Caller caller, JobRequest request) =>
        await intake.SubmitAsync(caller, request, new SubmitOptions(), CancellationToken.None) is IntakeResult.Accepted accepted
            ? accepted.Job.Id
            : throw new CommandFailedException(ExitCode.Failed, "The service did not accept a job of the replay.");
}
