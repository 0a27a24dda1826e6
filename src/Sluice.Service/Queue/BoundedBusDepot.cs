using MassTransit;
using MassTransit.Transports;
using Microsoft.Extensions.Logging;

namespace Sluice.Service.Queue;

/// <summary>
/// The bus's start and stop, the stop within its time: an endpoint that is stopped while it is being opened may wait for itself for ever, past any cancellation.
/// What such a bus had not acknowledged goes back to the broker when the process's connections end.
/// </summary>
internal sealed partial class BoundedBusDepot(IEnumerable<IBusInstance> instances, ILoggerFactory loggers, ILogger<BoundedBusDepot> logger) : IBusDepot
{
    private readonly BusDepot _depot = new(instances, loggers.CreateLogger<BusDepot>());

    public Task Start(CancellationToken cancellationToken) => _depot.Start(cancellationToken);

    public async Task Stop(CancellationToken cancellationToken)
    {
        try
        {
            await _depot.Stop(cancellationToken).WaitAsync(cancellationToken);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            LogLeft();
        }
    }

    [LoggerMessage(3040, LogLevel.Warning, "The bus did not stop in time; what it had not acknowledged goes back with its connections")]
    private partial void LogLeft();
}
