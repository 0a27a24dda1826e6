using Microsoft.Extensions.Options;
using RabbitMQ.Client;
using Sluice.Jobs;
using Sluice.Store;

namespace Sluice.Service.Queue;

/// <summary>
/// Declares the ticket queues before tickets are sent to them: a ticket for a model that no worker has served yet waits in its queue instead of falling through the exchange.
/// The declarations equal those of the workers' endpoints.
/// </summary>
internal sealed class BrokerTopology(QueueNames names, IOptions<QueueOptions> options) : IDisposable
{
    private readonly HashSet<(string Model, JobClass Class)> _declared = [];
    private readonly SemaphoreSlim _gate = new(1, 1);
    private bool _deadLettersDeclared;

    public async Task EnsureAsync(IReadOnlyList<OutboxRow> rows, CancellationToken cancellationToken)
    {
        if (options.Value.Transport != QueueTransport.RabbitMq)
        {
            return;
        }
        await _gate.WaitAsync(cancellationToken);
        try
        {
            (string Model, JobClass Class)[] missing = [.. rows
                .Where(row => row.Kind == OutboxKind.Ticket && !_declared.Contains((row.Model, row.Class)))
                .Select(row => (row.Model, row.Class))
                .Distinct()];
            if (missing.Length > 0)
            {
                await DeclareAsync(missing, cancellationToken);
            }
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
        IEnumerable<string> runs = models.SelectMany(model => Enum.GetValues<JobClass>().Select(jobClass => names.Run(model, jobClass)));
        string[] all = [.. runs, names.Submit, names.SubmitDead, $"{names.Submit}_error", $"{names.Submit}_skipped", names.Finished, names.Rejected];
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
            _declared.Add((model, jobClass));
        }
    }

    private static async Task DeclareAsync(IChannel channel, string name, CancellationToken cancellationToken)
    {
        Dictionary<string, object?> arguments = new() { ["x-queue-type"] = "quorum" };
        await channel.ExchangeDeclareAsync(name, ExchangeType.Fanout, durable: true, autoDelete: false, cancellationToken: cancellationToken);
        await channel.QueueDeclareAsync(name, durable: true, exclusive: false, autoDelete: false, arguments, cancellationToken: cancellationToken);
        await channel.QueueBindAsync(name, name, "", cancellationToken: cancellationToken);
    }
}
