using Sluice.Batching.Costs;
using Sluice.Batching.Simulation;
using Sluice.Jobs;
using Sluice.Store;

namespace Sluice.Cli.Bench.Batching;

/// <summary>
/// A trace's beginning, scaled to a small model, through the running service and through the simulator: the latter with the step costs that the service had learned
/// before, and with the answers as long as they were; and once more with the step costs as they are after the replay, which shows whether steps or the simulator differed.
/// </summary>
internal sealed class LiveBench(LiveService service, IReadOnlyList<TraceRequest> trace, int seed)
{
    /// <summary>Trace tokens that become one: a block of the trace becomes a page.</summary>
    public const int Scale = TraceFile.BlockTokens / LiveTexts.BlockTokens;

    private const int OtherSeed = 1_000; // far from those that are asked for
    private readonly LiveTexts _texts = new(service.Served);
    private readonly List<TraceRequest> _scaled = [.. trace.Select(request => Scaled(request, service.Served.ContextLength))];
    private double _makespan;
    private int _salt;

    /// <summary>Runs of all requests at once, before anything is measured: code that is new to the process is slow.</summary>
    public const int CapacityRuns = 3;

    /// <summary>How long all requests take at once, without hurry. Comes first.</summary>
    public async Task FindCapacityAsync(CancellationToken cancellationToken)
    {
        SimJob[] jobs = [.. Measurable(0, seed).Select(Endless)];
        for (int run = 0; run < CapacityRuns; run++)
        {
            JobRecord[] ended = (await RunAsync(jobs, cancellationToken)).Ended;
            _makespan = ended.Max(job => job.FinishedAt!.Value - ended[0].CreatedAt).TotalSeconds;
        }
    }

    /// <summary>Replays the load twice: with the classes, deadlines and texts of another seed, from which the service learns what steps cost at such a load, and then as it is measured.</summary>
    public async Task<LiveLoad> RunAsync(double load, CancellationToken cancellationToken)
    {
        await RunAsync(Measurable(_makespan / load, seed + OtherSeed), cancellationToken);
        SimJob[] jobs = Measurable(_makespan / load, seed);
        LearnedCosts before = service.Learned;
        (JobRecord[] ended, EngineCounts counts) = await RunAsync(jobs, cancellationToken);
        SimJob[] came = Came(jobs, ended);
        return LiveLoad.Of(load, LiveCosts.Of(before.Steps), Measure(came, ended, counts), Predict(came, before), Predict(came, service.Learned));
    }

    private async Task<(JobRecord[] Ended, EngineCounts Counts)> RunAsync(SimJob[] jobs, CancellationToken cancellationToken)
    {
        int salt = ++_salt;
        return await service.ReplayAsync(jobs, job => _texts.Prompt(salt, job.Blocks, job.Index, job.Prompt), cancellationToken);
    }

    private static TraceRequest Scaled(TraceRequest request, int context)
    {
        int mostNew = context / 4, mostPrompt = context - mostNew;
        int prompt = Math.Clamp((request.PromptTokens + Scale - 1) / Scale, 2, mostPrompt);
        return request with
        {
            PromptTokens = prompt,
            NewTokens = Math.Clamp((request.NewTokens + (Scale / 2)) / Scale, 1, mostNew),
            Blocks = [.. request.Blocks.Take((prompt - 1) / LiveTexts.BlockTokens)],
        };
    }

    /// <summary>Each may generate as much as it did in the trace, not more.</summary>
    private SimJob[] Measurable(double span, int of) => [.. Workload.Create(_scaled, of, span).Select(job => Of(job, job.Output, job.Deadline))];

    private static SimJob Endless(SimJob job) => Of(job, job.Output, double.PositiveInfinity);

    private static SimJob Of(SimJob job, int output, double deadline) => new()
    {
        Index = job.Index,
        Arrival = job.Arrival,
        Deadline = deadline,
        Class = job.Class,
        Tenant = "live",
        Prompt = job.Prompt,
        Output = output,
        Max = Math.Max(job.Output, output),
        Blocks = job.Blocks,
        Chain = job.Chain,
    };

    /// <summary>The jobs as they came: accepted when they were, as long as they were, in the order of acceptance; times are since the first acceptance. The index stays that of the replay.</summary>
    private static SimJob[] Came(SimJob[] jobs, JobRecord[] ended) => [.. jobs.Select((job, i) => new SimJob
    {
        Index = i,
        Arrival = (ended[i].CreatedAt - ended.Min(record => record.CreatedAt)).TotalSeconds,
        Deadline = job.Deadline,
        Class = job.Class,
        Tenant = job.Tenant,
        Prompt = ended[i].PromptTokens,
        Output = ended[i].Result?.Usage.GeneratedTokens is int generated and > 0 ? generated : job.Output,
        Max = job.Max,
        Blocks = job.Blocks,
        Chain = job.Chain,
    })];

    private LiveSide Predict(SimJob[] came, LearnedCosts learned)
    {
        CostCoefficients costs = learned.Steps;
        int index = 0;
        SimJob[] told = [.. came.OrderBy(job => job.Arrival).Select(job => job.At(index++))];
        SimLimits limits = new()
        {
            Sequences = service.Info.MaxSequences,
            StepTokens = service.Info.MaxStepTokens,
            Pages = service.Info.TotalPages,
            BlockTokens = LiveTexts.BlockTokens,
            LikeService = true,
            Costs = new SimCosts(costs.A, costs.B, costs.C, costs.D, costs.E),
        };
        SimRunRecord run = Simulator.Run(told, limits, new FormerPolicy(learned: learned, blockTokens: LiveTexts.BlockTokens, workload: LiveService.WorkloadOf));
        return Side(told, [.. run.Records.Select(record => record.Dropped ? (-1, 0) : (record.StartedAt, record.EndedAt))], new EngineCounts(run.Engine.PrefillTokens, run.Engine.Steps));
    }

    private static LiveSide Measure(SimJob[] came, JobRecord[] ended, EngineCounts counts)
    {
        DateTimeOffset zero = ended.Min(job => job.CreatedAt);
        return Side(came, [.. ended.Select(job => job.State == JobState.Succeeded ? ((job.StartedAt!.Value - zero).TotalSeconds, (job.FinishedAt!.Value - zero).TotalSeconds) : (-1, 0))], counts);
    }

    private static LiveSide Side(SimJob[] jobs, (double Started, double Ended)[] runs, EngineCounts counts)
    {
        int[] ran = [.. jobs.Where(job => runs[job.Index].Started >= 0).Select(job => job.Index)];
        double[] waits = [.. ran.Select(i => Math.Max(0, runs[i].Started - jobs[i].Arrival)).Order()];
        double seconds = ran.Length == 0 ? 0 : ran.Max(i => runs[i].Ended) - jobs.Min(job => job.Arrival);
        return new(
            Round(waits.DefaultIfEmpty().Average()),
            Round(waits.Length == 0 ? 0 : waits[Math.Min(waits.Length - 1, waits.Length * 99 / 100)]),
            Round(seconds == 0 ? 0 : ran.Sum(i => (long)jobs[i].Tokens) / seconds),
            Round(seconds),
            ran.Length,
            jobs.Length - ran.Length,
            counts.ComputedTokens,
            counts.Steps);
    }

    private static double Round(double value) => Math.Round(value, 3);
}
