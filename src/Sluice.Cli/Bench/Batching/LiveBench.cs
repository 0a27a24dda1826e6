using Sluice.Batching.Costs;
using Sluice.Batching.Simulation;
using Sluice.Jobs;
using Sluice.Store;

namespace Sluice.Cli.Bench.Batching;

/// <summary>
/// A trace's beginning, scaled to a small model, through the running service and through the simulator: the latter with the step costs that the service learned in
/// a run before, and with the answers as long as they were.
/// </summary>
internal sealed class LiveBench(LiveService service, IReadOnlyList<TraceRequest> trace, int seed)
{
    /// <summary>Trace tokens that become one: a block of the trace becomes a page.</summary>
    public const int Scale = TraceFile.BlockTokens / LiveTexts.BlockTokens;

    private readonly LiveTexts _texts = new(service.Served);
    private readonly List<TraceRequest> _scaled = [.. trace.Select(request => Scaled(request, service.Served.ContextLength))];
    private double _makespan;
    private int _salt;

    /// <summary>What steps cost, learned by running all requests at once, without hurry: twice, because code that is new to the process is slow. Comes first.</summary>
    public async Task<LearnedCosts> LearnAsync(CancellationToken cancellationToken)
    {
        SimJob[] jobs = [.. Measurable(0).Select(Endless)];
        await RunAsync(jobs, cancellationToken);
        (JobRecord[] ended, _) = await RunAsync(jobs, cancellationToken);
        _makespan = ended.Max(job => job.FinishedAt!.Value - ended[0].CreatedAt).TotalSeconds;
        return service.Learned;
    }

    public async Task<LiveLoad> RunAsync(double load, LearnedCosts learned, CancellationToken cancellationToken)
    {
        SimJob[] jobs = Measurable(_makespan / load);
        (JobRecord[] ended, long computed) = await RunAsync(jobs, cancellationToken);
        LiveSide measured = Measure(jobs, ended, computed);
        return LiveLoad.Of(load, measured, Predict(jobs, ended, learned));
    }

    private async Task<(JobRecord[] Ended, long Computed)> RunAsync(SimJob[] jobs, CancellationToken cancellationToken)
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
    private SimJob[] Measurable(double span) => [.. Workload.Create(_scaled, seed, span).Select(job => Of(job, job.Output, job.Deadline))];

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

    private LiveSide Predict(SimJob[] jobs, JobRecord[] ended, LearnedCosts learned)
    {
        CostCoefficients costs = learned.Steps;
        SimJob[] told = [.. jobs.Select((job, i) => Of(job, ended[i].Result?.Usage.GeneratedTokens is int generated and > 0 ? generated : job.Output, job.Deadline))];
        SimLimits limits = new()
        {
            Sequences = service.Info.MaxSequences,
            StepTokens = service.Info.MaxStepTokens,
            Pages = service.Info.TotalPages,
            BlockTokens = LiveTexts.BlockTokens,
            Costs = new SimCosts(costs.A, costs.B, costs.C, costs.D),
        };
        SimRunRecord run = Simulator.Run(told, limits, new FormerPolicy(learned: learned, blockTokens: LiveTexts.BlockTokens, workload: LiveService.WorkloadOf));
        return Side(told, [.. run.Records.Select(record => record.Dropped ? (-1, 0) : (record.StartedAt, record.EndedAt))], run.Engine.PrefillTokens);
    }

    private static LiveSide Measure(SimJob[] jobs, JobRecord[] ended, long computed)
    {
        // the store's time of the first acceptance is the time of the first arrival
        DateTimeOffset zero = ended[0].CreatedAt - TimeSpan.FromSeconds(jobs[0].Arrival);
        SimJob[] told = [.. jobs.Select((job, i) => new SimJob
        {
            Index = job.Index,
            Arrival = (ended[i].CreatedAt - zero).TotalSeconds,
            Deadline = job.Deadline,
            Class = job.Class,
            Tenant = job.Tenant,
            Prompt = ended[i].PromptTokens,
            Output = ended[i].Result?.Usage.GeneratedTokens ?? 0,
            Max = job.Max,
            Blocks = job.Blocks,
        })];
        return Side(told, [.. ended.Select(job => job.State == JobState.Succeeded ? ((job.StartedAt!.Value - zero).TotalSeconds, (job.FinishedAt!.Value - zero).TotalSeconds) : (-1, 0))], computed);
    }

    private static LiveSide Side(SimJob[] jobs, (double Started, double Ended)[] runs, long computed)
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
            computed);
    }

    private static double Round(double value) => Math.Round(value, 3);
}
