using Microsoft.Extensions.Logging;
using Sluice.Batching;
using Sluice.Jobs;
using Sluice.Service.Models;
using Sluice.Store;

namespace Sluice.Service.Inference;

/// <summary>The loops of this process, one per model.</summary>
internal sealed partial class InferenceLoops
{
    private readonly Dictionary<string, InferenceLoop> _byModel;
    private readonly IJobStore _store;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;

    public InferenceLoops(
        ModelCatalog catalog, BatchRunner runner, HeldJobs held, FormerOptions options, IJobStore store, TimeProvider time, ILogger<InferenceLoop> loopLogger, ILogger<InferenceLoops> logger)
    {
        _byModel = catalog.All.ToDictionary(model => model.Name, model => new InferenceLoop(model, options, runner, held, time, loopLogger), StringComparer.Ordinal);
        _store = store;
        _time = time;
        _logger = logger;
    }

    public IReadOnlyCollection<InferenceLoop> All => _byModel.Values;

    /// <summary>Hands reserved jobs to their models' loops. A job of a model that is not served here is let go of.</summary>
    public async Task AddAsync(Guid worker, IReadOnlyList<ReservedJob> jobs)
    {
        List<JobId> strays = [];
        foreach (IGrouping<string, ReservedJob> group in jobs.GroupBy(job => job.Model, StringComparer.Ordinal))
        {
            if (_byModel.TryGetValue(group.Key, out InferenceLoop? loop))
            {
                loop.Add([.. group]);
            }
            else
            {
                strays.AddRange(group.Select(job => job.Id));
            }
        }
        if (strays.Count > 0)
        {
            LogStrays(strays.Count);
            await StoreRetry.UntilAnsweredAsync(token => _store.UnreserveAsync(worker, strays, reticket: true, token), _time, CancellationToken.None);
        }
    }

    /// <summary>Lets go of those of these jobs that still wait, in any former; how many did.</summary>
    public int Drop(IReadOnlyCollection<JobId> jobs) => jobs.Count == 0 ? 0 : All.Sum(loop => loop.Drop(jobs));

    /// <summary>Takes back everything that waits, in any former.</summary>
    public IReadOnlyList<WaitingJob> TakeAll() => [.. All.SelectMany(loop => loop.TakeAll())];

    [LoggerMessage(4030, LogLevel.Warning, "Let go of {Jobs} jobs of models that this worker does not serve")]
    private partial void LogStrays(int jobs);
}
