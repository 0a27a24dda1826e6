using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using RabbitMQ.Client;
using RabbitMQ.Client.Exceptions;
using Sluice.Jobs;
using Sluice.Store;

namespace Sluice.Service.Queue;

/// <summary>
/// Declares the ticket queues before tickets are sent to them: a ticket for a model that no worker has served yet waits in its queue instead of falling through the exchange.
/// The declarations equal those of the workers' endpoints. Finds out whether the broker can divide tickets into shards.
/// </summary>
internal sealed partial class BrokerTopology(QueueNames names, IOptions<QueueOptions> options, ILogger<BrokerTopology> logger) : IDisposable
{
    /// <summary>What the plug-in calls its exchanges.</summary>
    public const string HashExchange = "x-consistent-hash";

    /// <summary>Of a shard, which is what the key of a binding to such an exchange says: all alike.</summary>
    public const string Weight = "1";

    private const ushort CommandInvalid = 503;
    private readonly HashSet<(string Model, JobClass Class)> _declared = [];
    private readonly SemaphoreSlim _gate = new(1, 1);
    private bool _deadLettersDeclared;
    private bool? _divides;

    /// <summary>The type of exchange that is asked for; another stands for a broker without the plug-in.</summary>
    internal string Asked { get; init; } = HashExchange;

    /// <inheritdoc cref="EnsureAsync(IEnumerable{ValueTuple{string, JobClass}}, CancellationToken)"/>
    public Task<bool> EnsureAsync(IReadOnlyList<OutboxRow> rows, CancellationToken cancellationToken) =>
        EnsureAsync(rows.Where(row => row.Kind == OutboxKind.Ticket).Select(row => (row.Model, row.Class)).Distinct(), cancellationToken);

    /// <summary>Declares what is not yet declared. True where tickets of these go to shards.</summary>
    public async Task<bool> EnsureAsync(IEnumerable<(string Model, JobClass Class)> runs, CancellationToken cancellationToken)
    {
        if (options.Value.Transport != QueueTransport.RabbitMq)
        {
            return names.Shards > 1;
        }
        await _gate.WaitAsync(cancellationToken);
        try
        {
            (string Model, JobClass Class)[] missing = [.. runs.Where(run => !_declared.Contains(run))];
            if (missing.Length > 0)
            {
                _divides ??= names.Shards > 1 && await CanDivideAsync(missing[0], cancellationToken);
                await DeclareAsync(missing, cancellationToken);
            }
            return _divides == true;
        }
        finally
        {
            _gate.Release();
        }
    }

    /// <summary>The broker may have been wiped: everything is declared again when it is next needed.</summary>
    public void Forget()
    {
        _gate.Wait(CancellationToken.None);
        try
        {
            _declared.Clear();
            _deadLettersDeclared = false;
            _divides = null;
        }
        finally
        {
            _gate.Release();
        }
    }

    /// <summary>Removes every exchange and queue under this prefix, with what waits in them: for a prefix that a measurement made for itself, once nothing uses it.</summary>
    public async Task DeleteAsync(IEnumerable<string> models, CancellationToken cancellationToken)
    {
        if (options.Value.Transport != QueueTransport.RabbitMq)
        {
            return;
        }
        string[] all = [.. models.SelectMany(names.OfModel), names.Submit, names.SubmitDead, $"{names.Submit}_error", $"{names.Submit}_skipped", names.Finished, names.Rejected, names.Mark];
        await using IConnection connection = await ConnectAsync(cancellationToken);
        await using IChannel channel = await connection.CreateChannelAsync(cancellationToken: cancellationToken);
        foreach (string name in all)
        {
            await channel.QueueDeleteAsync(name, cancellationToken: cancellationToken);
            await channel.ExchangeDeleteAsync(name, cancellationToken: cancellationToken);
        }
        Forget();
    }

    public void Dispose() => _gate.Dispose();

    private Task<IConnection> ConnectAsync(CancellationToken cancellationToken) =>
        new ConnectionFactory { Uri = new Uri(options.Value.Host), AutomaticRecoveryEnabled = false, ClientProvidedName = "sluice topology" }.CreateConnectionAsync(cancellationToken);

    /// <summary>A broker that does not know the type of an exchange closes the connection over it.</summary>
    private async Task<bool> CanDivideAsync((string Model, JobClass Class) run, CancellationToken cancellationToken)
    {
        try
        {
            await using IConnection connection = await ConnectAsync(cancellationToken);
            await using IChannel channel = await connection.CreateChannelAsync(cancellationToken: cancellationToken);
            await channel.ExchangeDeclareAsync(names.Divider(run.Model, run.Class), Asked, durable: true, autoDelete: false, cancellationToken: cancellationToken);
            LogDivides(names.Shards);
            return true;
        }
        catch (OperationInterruptedException refusal) when (refusal.ShutdownReason?.ReplyCode == CommandInvalid)
        {
            LogNotDivided(refusal.ShutdownReason.ReplyText);
            return false;
        }
    }

    private async Task DeclareAsync((string Model, JobClass Class)[] runs, CancellationToken cancellationToken)
    {
        await using IConnection connection = await ConnectAsync(cancellationToken);
        await using IChannel channel = await connection.CreateChannelAsync(cancellationToken: cancellationToken);
        if (!_deadLettersDeclared)
        {
            await DeclareAsync(channel, names.SubmitDead, cancellationToken);
            _deadLettersDeclared = true;
        }
        foreach ((string model, JobClass jobClass) in runs)
        {
            await DeclareAsync(channel, names.Run(model, jobClass), cancellationToken);
            if (_divides == true)
            {
                await DeclareShardsAsync(channel, model, jobClass, cancellationToken);
            }
            _declared.Add((model, jobClass));
        }
    }

    private async Task DeclareShardsAsync(IChannel channel, string model, JobClass jobClass, CancellationToken cancellationToken)
    {
        string divider = names.Divider(model, jobClass);
        await channel.ExchangeDeclareAsync(divider, HashExchange, durable: true, autoDelete: false, cancellationToken: cancellationToken);
        for (int shard = 0; shard < names.Shards; shard++)
        {
            string name = names.Shard(model, jobClass, shard);
            await DeclareAsync(channel, name, cancellationToken);
            await channel.ExchangeBindAsync(name, divider, Weight, cancellationToken: cancellationToken);
        }
    }

    private static async Task DeclareAsync(IChannel channel, string name, CancellationToken cancellationToken)
    {
        Dictionary<string, object?> arguments = new() { ["x-queue-type"] = "quorum" };
        await channel.ExchangeDeclareAsync(name, ExchangeType.Fanout, durable: true, autoDelete: false, cancellationToken: cancellationToken);
        await channel.QueueDeclareAsync(name, durable: true, exclusive: false, autoDelete: false, arguments, cancellationToken: cancellationToken);
        await channel.QueueBindAsync(name, name, "", cancellationToken: cancellationToken);
    }

    [LoggerMessage(3020, LogLevel.Information, "Tickets are divided into {Shards} shards by their prompts' prefixes")]
    private partial void LogDivides(int shards);

    [LoggerMessage(3021, LogLevel.Warning, "The broker has no consistent-hash exchange ({Refusal}): one queue per model and class, which all workers share; enable its plug-in rabbitmq_consistent_hash_exchange")]
    private partial void LogNotDivided(string refusal);
}
