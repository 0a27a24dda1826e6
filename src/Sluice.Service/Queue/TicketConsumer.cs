using MassTransit;
using Sluice.Service.Inference;

namespace Sluice.Service.Queue;

/// <summary>Hands tickets to the reservations; a ticket is acknowledged when its reservation has committed, or when there was nothing to reserve.</summary>
internal sealed class TicketConsumer(Reservations reservations) : IConsumer<Ticket>
{
    public Task Consume(ConsumeContext<Ticket> context) =>
        reservations.AddAsync(context.Message.JobId, context.CancellationToken);
}
