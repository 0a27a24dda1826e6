using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using RabbitMQ.Client;
using Sluice.Service.Inference;

namespace Sluice.Service.Queue;

/// <summary>
/// Finds out that the broker came back without what it had: a durable queue holds one message, the mark, which nobody ever takes, and every new connection looks for it. Where it is
/// missing, so are all tickets; it is left there again when they have been sent again, so that what a node finds out and dies with is found out by the next.
/// </summary>
internal sealed partial class BrokerMark(
    QueueNames names, IOptions<QueueOptions> options, OutboxPublisher publisher, LostTickets lost, TimeProvider time, ILogger<BrokerMark> logger) : BackgroundService
{
    private static readonly TimeSpan s_pause = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan s_heartbeat = TimeSpan.FromSeconds(10);

    /// <summary>A mark that is missing as this ends is found missing by another node, or at the next start.</summary>
    protected override Task ExecuteAsync(CancellationToken stoppingToken) => options.Value.Transport == QueueTransport.RabbitMq
        ? Rounds.RunAsync(s_pause, atOnce: true, WatchAsync, failure => LogNoAnswer(failure.Message), time, stoppingToken)
        : Task.CompletedTask;

    /// <summary>One connection from its beginning to its end.</summary>
    private async Task WatchAsync(CancellationToken cancellationToken)
    {
        ConnectionFactory factory = new() { Uri = new Uri(options.Value.Host), AutomaticRecoveryEnabled = false, RequestedHeartbeat = s_heartbeat, ClientProvidedName = "sluice mark" };
        await using IConnection connection = await factory.CreateConnectionAsync(cancellationToken);
        TaskCompletionSource ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
        connection.ConnectionShutdownAsync += (_, _) =>
        {
            ended.TrySetResult();
            return Task.CompletedTask;
        };
        await using IChannel channel = await connection.CreateChannelAsync(new CreateChannelOptions(publisherConfirmationsEnabled: true, publisherConfirmationTrackingEnabled: true), cancellationToken);
        QueueDeclareOk mark = await channel.QueueDeclareAsync(names.Mark, durable: true, exclusive: false, autoDelete: false, cancellationToken: cancellationToken);
        if (mark.MessageCount == 0)
        {
            publisher.Forget();
            LogLost();
            if (await Task.WhenAny(lost.MakeGoodAsync(), ended.Task).WaitAsync(cancellationToken) != ended.Task)
            {
                await channel.BasicPublishAsync("", names.Mark, mandatory: true, new BasicProperties { Persistent = true }, ReadOnlyMemory<byte>.Empty, cancellationToken);
                LogMadeGood();
            }
        }
        await ended.Task.WaitAsync(cancellationToken);
    }

    [LoggerMessage(3050, LogLevel.Warning, "The broker does not know this service's mark: it is new, or has lost what it had; tickets are sent again")]
    private partial void LogLost();

    [LoggerMessage(3051, LogLevel.Information, "All tickets were sent again")]
    private partial void LogMadeGood();

    [LoggerMessage(3052, LogLevel.Debug, "Could not look for the broker's mark: {Reason}")]
    private partial void LogNoAnswer(string reason);
}
