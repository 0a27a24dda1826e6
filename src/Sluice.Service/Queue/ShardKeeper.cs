using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Sluice.Jobs;
using Sluice.Service.Inference;
using Sluice.Service.Models;
using Sluice.Store;

namespace Sluice.Service.Queue;

/// <summary>Begins to consume a queue that is fed by an exchange which divides tickets; disposing ends it, and hands back what was not acknowledged.</summary>
internal delegate IAsyncDisposable OpenTickets(string queue, string divider);

/// <summary>
/// Keeps this worker consuming the shards that are its own among the workers that live now. For a moment two may consume one shard, or none: tickets may be
/// doubled or wait, and the store decides who gets a job. What the owner of another shard leaves lying is found by <see cref="Stealing"/>.
/// </summary>
internal sealed partial class ShardKeeper(
    IJobStore store, Incarnation incarnation, ModelCatalog models, BrokerTopology topology, QueueNames names, ForeignShards foreign, OpenTickets open, IOptions<WorkerOptions> options, TimeProvider time,
    ILogger<ShardKeeper> logger) : BackgroundService
{
    private static readonly TimeSpan s_first = TimeSpan.FromMilliseconds(100);
    private readonly Dictionary<Shard, IAsyncDisposable> _open = [];

    /// <summary>Of <see cref="_open"/>: those whose end has failed. They are consumed or not; the end is tried again, before they are opened again.</summary>
    private readonly HashSet<Shard> _half = [];

    /// <summary>The bus ends what is open.</summary>
    protected override Task ExecuteAsync(CancellationToken stoppingToken) => names.Shards == 1
        ? Task.CompletedTask
        : Rounds.RunAsync(options.Value.HeartbeatInterval, atOnce: true, LookAsync, failure => LogFailed(failure.Message), time, stoppingToken);

    private async Task LookAsync(CancellationToken stop)
    {
        while (!incarnation.IsRegistered)
        {
            await Task.Delay(s_first, time, stop);
        }
        JobClass[] classes = Enum.GetValues<JobClass>();
        bool divides = await topology.EnsureAsync(models.All.SelectMany(model => classes.Select(jobClass => (model.Name, jobClass))), stop);
        HashSet<(string Model, int Shard)> own = divides ? await OwnAsync(stop) : [];
        HashSet<Shard> wanted = [.. own.SelectMany(shard => classes.Select(jobClass => new Shard(shard.Model, jobClass, shard.Shard)))];
        if (_half.Count == 0 && wanted.SetEquals(_open.Keys))
        {
            return;
        }
        List<Exception> failures = [];
        _half.UnionWith(_open.Keys.Where(shard => !wanted.Contains(shard)));
        Shard[] leaving = [.. _half];
        Exception?[] ends = await Task.WhenAll(leaving.Select(shard => EndAsync(_open[shard])));
        for (int i = 0; i < leaving.Length; i++)
        {
            if (ends[i] is { } failure)
            {
                failures.Add(failure);
                continue;
            }
            _open.Remove(leaving[i]);
            _half.Remove(leaving[i]);
        }
        foreach (Shard shard in wanted.Where(shard => !_open.ContainsKey(shard)))
        {
            try
            {
                _open[shard] = open(names.Shard(shard.Model, shard.Class, shard.Number), names.Divider(shard.Model, shard.Class));
            }
            catch (Exception e)
            {
                failures.Add(e);
            }
        }
        if (failures.Count > 0)
        {
            throw new AggregateException($"{failures.Count} queues could not be opened or closed, the first: {failures[0].Message}", failures);
        }
        LogOwn(own.Count, models.All.Count * names.Shards);
    }

    private async Task<HashSet<(string Model, int Shard)>> OwnAsync(CancellationToken stop)
    {
        WorkerRegistration[] workers = [.. (await store.WorkersAsync(stop)).Where(worker => worker.Shards == names.Shards)];
        HashSet<(string Model, int Shard)> own = [];
        foreach (ServedModel model in models.All)
        {
            string[] serving = [.. workers.Where(worker => worker.Models.Contains(model.Name)).Select(worker => worker.Name).Distinct()];
            own.UnionWith(ShardOwners.Of(incarnation.Name, serving, names.Shards).Select(shard => (model.Name, shard)));
        }
        foreign.Exist = own.Count < models.All.Count * names.Shards;
        return own;
    }

    private static async Task<Exception?> EndAsync(IAsyncDisposable queue)
    {
        try
        {
            await queue.DisposeAsync();
            return null;
        }
        catch (Exception e)
        {
            return e;
        }
    }

    private readonly record struct Shard(string Model, JobClass Class, int Number);

    [LoggerMessage(3030, LogLevel.Information, "Consumes {Own} of {All} shards")]
    private partial void LogOwn(int own, int all);

    [LoggerMessage(3031, LogLevel.Warning, "Could not look which shards are this worker's: {Reason}")]
    private partial void LogFailed(string reason);
}

/// <summary>Whether there are shards that other workers consume.</summary>
internal sealed class ForeignShards
{
    private volatile bool _exist;

    public bool Exist
    {
        get => _exist;
        set => _exist = value;
    }
}
