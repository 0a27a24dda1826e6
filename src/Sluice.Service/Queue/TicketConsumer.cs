using System.Diagnostics;
using MassTransit;
using Sluice.Service.Inference;
using Sluice.Service.Telemetry;

namespace Sluice.Service.Queue;

/// <summary>Hands tickets to the reservations; a ticket is acknowledged when its reservation has committed, or when there was nothing to reserve.</summary>
internal sealed class TicketConsumer(Reservations reservations) : IConsumer<Ticket>
{
    public async Task Consume(ConsumeContext<Ticket> context)
    {
        using Activity? span = SluiceActivity.Start("ticket reserve", context.Message.TraceParent, ActivityKind.Consumer);
        Ticket ticket = context.Message;
        await (ticket.JobIds is { } several
            ? reservations.AddAsync(ticket.Class, null, several, context.CancellationToken)
            : reservations.AddAsync(ticket.Class, ticket.Deadline, [ticket.JobId], context.CancellationToken));
    }
}
