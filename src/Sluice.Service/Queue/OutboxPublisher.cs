using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using MassTransit;
using MassTransit.Serialization;
using Sluice.Jobs.Messages;
using Sluice.Service.Telemetry;
using Sluice.Store;

namespace Sluice.Service.Queue;

/// <summary>Puts outbox rows on the bus; an awaited call is the broker's confirm.</summary>
internal sealed class OutboxPublisher(IBus bus, QueueNames names, BrokerTopology topology)
{
    /// <summary>Tickets travel bare: an envelope would be three times their size.</summary>
    private static readonly SystemTextJsonRawMessageSerializer Bare = new(RawSerializerOptions.AnyMessageType);

    private readonly ConcurrentDictionary<string, Task<ISendEndpoint>> _endpoints = new();

    public async Task PublishAsync(IReadOnlyList<OutboxRow> rows, CancellationToken cancellationToken)
    {
        bool divides = await topology.EnsureAsync(rows, cancellationToken);
        Task[] confirms = new Task[rows.Count];
        for (int i = 0; i < rows.Count; i++)
        {
            confirms[i] = rows[i].Kind switch
            {
                OutboxKind.Ticket => SendTicketAsync(rows[i], divides, cancellationToken),
                OutboxKind.JobFinished => PublishFinishedAsync(rows[i], cancellationToken),
                _ => throw new InvalidOperationException($"Outbox row {rows[i].Id} is of the unknown kind {rows[i].Kind}."),
            };
        }
        await Task.WhenAll(confirms);
    }

    /// <summary>After an outage nothing that was learned about the broker holds.</summary>
    public void Forget()
    {
        _endpoints.Clear();
        topology.Forget();
    }

    private async Task SendTicketAsync(OutboxRow row, bool divides, CancellationToken cancellationToken)
    {
        using Activity? span = SluiceActivity.Start("ticket publish", row.TraceParent, ActivityKind.Producer);
        span?.SetTag("sluice.job", row.Job.ToString());
        string address = divides ? $"{names.Divider(row.Model, row.Class)}?type={BrokerTopology.HashExchange}" : names.Run(row.Model, row.Class);
        string key = row.PrefixKey.ToString("x16", CultureInfo.InvariantCulture);
        ISendEndpoint endpoint = await _endpoints.GetOrAdd(address, static (address, bus) => bus.GetSendEndpoint(new Uri($"exchange:{address}")), bus);
        Ticket ticket = new()
        {
            JobId = row.Job,
            JobIds = row.Jobs,
            Model = row.Model,
            Class = row.Class,
            Deadline = row.Deadline,
            PrefixKey = row.PrefixKey,
            TraceParent = span?.Id ?? row.TraceParent,
        };
        await endpoint.Send(
            ticket,
            context =>
            {
                context.Serializer = Bare;
                context.TrySetRoutingKey(key);
            },
            cancellationToken);
    }

    private Task PublishFinishedAsync(OutboxRow row, CancellationToken cancellationToken)
    {
        JobFinished finished = new()
        {
            Id = row.Job,
            Tenant = row.Tenant,
            State = row.State ?? throw new InvalidOperationException($"Outbox row {row.Id} says that a job has finished, not how."),
            CustomId = row.CustomId,
            IdempotencyKey = row.IdempotencyKey,
            FinishedAt = row.CreatedAt,
            ErrorCode = row.ErrorCode,
        };
        return bus.Publish(finished, cancellationToken);
    }
}
