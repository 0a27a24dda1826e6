using System.Diagnostics.Metrics;
using System.Text.Json;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Sluice.Batching.Costs;
using Sluice.Engine;
using Sluice.Service.Quotes;
using Sluice.Service.Telemetry;
using Sluice.Store;

namespace Sluice.Service.Inference;

/// <summary>
/// Keeps what loops learn of their engines' costs: restored before an engine's first job, saved now and then and at a drain; and tells, every second, how much waits
/// here and how fast it goes. The store's absence holds nothing up.
/// </summary>
internal sealed partial class CostKeeper(ICostStore store, Incarnation incarnation, InferenceLoops loops, SluiceMetrics metrics, IOptions<WorkerOptions> options, TimeProvider time, ILogger<CostKeeper> logger)
{
    private readonly Dictionary<string, (string Backend, long Saved)> _known = new(StringComparer.Ordinal);

    /// <summary>Gives the loop what is known of its model on such an engine.</summary>
    public async Task RestoreAsync(InferenceLoop loop, IEngine engine, CancellationToken cancellationToken)
    {
        string backend = $"{engine.Info.Backend} x{Environment.ProcessorCount}";
        try
        {
            if (await store.LoadAsync(loop.Model.Name, loop.Model.Revision, backend, cancellationToken) is { } saved && CostJson.Read(saved) is { } learned)
            {
                loop.Costs.Restore(learned);
                LogRestored(loop.Model.Name, backend, saved.Steps, learned.Jobs, saved.ErrorP50, saved.ErrorP95);
            }
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            LogFailed(e.Message);
        }
        lock (_known)
        {
            _known[loop.Model.Name] = (backend, loop.Costs.Observations);
        }
    }

    /// <summary>Until <paramref name="stop"/>. Ends without an exception.</summary>
    public Task RunAsync(CancellationToken stop)
    {
        metrics.Observe("sluice.cost.error", "1", "Relative error of the predicted time of a step, over the last 1,000.", Errors);
        long savedAt = time.GetTimestamp();
        return Rounds.RunAsync(options.Value.ReportInterval, atOnce: true, TellAsync, failure => LogFailed(failure.Message), time, stop);

        async Task TellAsync(CancellationToken cancellationToken)
        {
            await ReportAsync(cancellationToken);
            if (time.GetElapsedTime(savedAt) >= options.Value.CostInterval)
            {
                savedAt = time.GetTimestamp();
                await SaveAsync(cancellationToken);
            }
        }
    }

    /// <summary>Saves what has changed. Ends without an exception but that of <paramref name="limit"/>.</summary>
    public async Task SaveAsync(CancellationToken limit)
    {
        foreach (InferenceLoop loop in loops.All)
        {
            if (Changed(loop) is not { } backend)
            {
                continue;
            }
            LearnedCosts learned = loop.Costs.Learned();
            CostCoefficients steps = learned.Steps;
            try
            {
                await store.SaveAsync(
                    new CostModel
                    {
                        Model = loop.Model.Name,
                        Revision = loop.Model.Revision,
                        Backend = backend,
                        Learned = JsonSerializer.Serialize(learned, CostJson.Default.LearnedCosts),
                        Steps = steps.Observed,
                        ErrorP50 = steps.ErrorP50,
                        ErrorP95 = steps.ErrorP95,
                    },
                    limit);
            }
            catch (Exception e) when (e is not OperationCanceledException)
            {
                LogFailed(e.Message);
                return;
            }
            lock (_known)
            {
                _known[loop.Model.Name] = (backend, learned.Jobs);
            }
            LogSaved(loop.Model.Name, backend, steps.Observed, learned.Jobs, steps.ErrorP50, steps.ErrorP95, learned.Error, learned.Lengths.Count);
        }
    }

    private Task ReportAsync(CancellationToken cancellationToken)
    {
        ModelLoad[] loads;
        lock (_known)
        {
            loads = [.. loops.All.Where(loop => _known.ContainsKey(loop.Model.Name)).Select(loop => new ModelLoad(loop.Model.Name, loop.Model.Revision, _known[loop.Model.Name].Backend, loop.Report()))];
        }
        return loads.Length == 0 || !incarnation.IsRegistered
            ? Task.CompletedTask
            : store.ReportAsync(incarnation.Current.Id, JsonSerializer.Serialize(new WorkerLoad(loads), CostJson.Default.WorkerLoad), cancellationToken);
    }

    /// <summary>The backend, where more is known than was saved.</summary>
    private string? Changed(InferenceLoop loop)
    {
        lock (_known)
        {
            return _known.TryGetValue(loop.Model.Name, out (string Backend, long Saved) known) && loop.Costs.Knows && loop.Costs.Observations != known.Saved ? known.Backend : null;
        }
    }

    private IEnumerable<Measurement<double>> Errors()
    {
        foreach (InferenceLoop loop in loops.All)
        {
            CostCoefficients steps = loop.Costs.Coefficients();
            if (steps.Observed > 0)
            {
                yield return new(steps.ErrorP50, new("model", loop.Model.Name), new("quantile", "0.5"));
                yield return new(steps.ErrorP95, new("model", loop.Model.Name), new("quantile", "0.95"));
            }
        }
    }

    [LoggerMessage(4120, LogLevel.Information, "Costs of {Model} on {Backend} are known from {Steps} steps and {Jobs} jobs: a step's time was predicted within {P50:P1} (median) and {P95:P1} (95 %)")]
    private partial void LogRestored(string model, string backend, long steps, long jobs, double p50, double p95);

    [LoggerMessage(4121, LogLevel.Information, "Costs of {Model} on {Backend} kept: {Steps} steps, predicted within {P50:P1} (median) and {P95:P1} (95 %); {Jobs} jobs, within {Error:P1} (mean); answers of {Workloads} kinds")]
    private partial void LogSaved(string model, string backend, long steps, long jobs, double p50, double p95, double error, int workloads);

    [LoggerMessage(4122, LogLevel.Warning, "What was learned of costs could not be kept or told: {Reason}")]
    private partial void LogFailed(string reason);
}
