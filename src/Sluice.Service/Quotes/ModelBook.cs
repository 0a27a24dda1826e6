using Sluice.Batching;
using Sluice.Jobs;
using Sluice.Service.Models;
using Sluice.Store;

namespace Sluice.Service.Quotes;

/// <summary>What is known of one model: what work costs there, as learned by workers and saved, and what waits for it, as counted. May be read from any thread; one writes.</summary>
internal sealed class ModelBook(ServedModel model)
{
    private readonly Dictionary<string, (CostModel Saved, CostEstimate Estimate)> _byBackend = new(StringComparer.Ordinal);
    private volatile CostEstimate? _cost;
    private volatile Counted? _ahead;

    /// <summary>Of the backend that does most of the work now, or was saved last; null before any is known.</summary>
    public CostEstimate? Cost => _cost is { Knows: true } cost ? cost : null;

    /// <summary>Null while no worker runs the model.</summary>
    public Counted? Ahead => _ahead;

    /// <summary>One per backend.</summary>
    public IReadOnlyList<CostModel> Costs
    {
        get
        {
            lock (_byBackend)
            {
                return [.. _byBackend.Values.Select(one => one.Saved).OrderBy(saved => saved.Backend, StringComparer.Ordinal)];
            }
        }
    }

    public void Take(CostModel saved)
    {
        if (saved.Model != model.Name || saved.Revision != model.Revision || CostJson.Read(saved) is not { } learned)
        {
            return;
        }
        CostEstimate estimate = new();
        estimate.Restore(learned);
        lock (_byBackend)
        {
            _byBackend[saved.Backend] = (saved, estimate);
        }
    }

    /// <summary>Begins anew with what the store has counted and what the workers say.</summary>
    public void Count(IReadOnlyList<WaitingWork> waiting, IReadOnlyList<ModelLoad> loads, DateTimeOffset at, long stamp)
    {
        ModelLoad[] mine = [.. loads.Where(load => load.Model == model.Name && load.Revision == model.Revision)];
        lock (_byBackend)
        {
            string? busiest = mine.Where(load => _byBackend.ContainsKey(load.Backend)).GroupBy(load => load.Backend).MaxBy(one => one.Sum(load => load.Backlog.Rate))?.Key;
            _cost = busiest is not null ? _byBackend[busiest].Estimate : _byBackend.Count > 0 ? _byBackend.Values.MaxBy(one => one.Saved.SavedAt).Estimate : null;
        }
        if (mine.Length == 0)
        {
            _ahead = null;
            return;
        }
        WorkAhead ahead = new(DueTimes.Bounds, Math.Max(0.01, mine.Sum(load => load.Backlog.Rate)), mine.Sum(load => load.Backlog.InteractiveRate));
        foreach (WaitingWork work in waiting.Where(work => work.Model == model.Name))
        {
            ahead.Add(work.Class, work.Span, work.Jobs * PerJob(work, mine, at));
        }
        _ahead = new Counted(ahead, at, stamp);
    }

    /// <summary>A job came since.</summary>
    public void Add(WaitingJob job, DateTimeOffset now)
    {
        if (_ahead is { } counted && Cost is { } cost)
        {
            counted.Work.Add(job.Class, DueOf(job, now) - counted.At, cost.Work(job, 0));
        }
    }

    /// <summary>When a job is due: by its deadline, or as soon as patience with its class is over.</summary>
    public static DateTimeOffset DueOf(WaitingJob job, DateTimeOffset now) => job.Deadline ?? now + DueTimes.Patience(job.Class);

    /// <summary>As workers reckon those of the class that they hold; where they hold none, what the average of these would take.</summary>
    private double PerJob(WaitingWork work, ModelLoad[] loads, DateTimeOffset at)
    {
        int of = (int)work.Class;
        long held = loads.Sum(load => (long)load.Backlog.Jobs[of]);
        return held > 0 ? loads.Sum(load => load.Backlog.Work[of]) / held
            : Cost is { } cost ? cost.Work(Workload.Average(work.Class, work.Jobs, work.PromptTokens, work.MaxNewTokens, cost, at), 0)
            : 0;
    }

    /// <param name="Work">What waited, and what came since.</param>
    /// <param name="At">The store's time of counting.</param>
    /// <param name="Stamp">This process's time stamp of the same.</param>
    public sealed record Counted(WorkAhead Work, DateTimeOffset At, long Stamp);
}
