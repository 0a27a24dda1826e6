using System.Text;
using RabbitMQ.Client;
using RabbitMQ.Client.Exceptions;

namespace Sluice.Chaos.Load;

/// <summary>A producer on the bus: what the broker did not confirm is sent again with the same key.</summary>
internal sealed class Producer(string broker, SeenLog log) : IDisposable
{
    private static readonly TimeSpan s_patience = TimeSpan.FromMinutes(10);
    private static readonly TimeSpan s_confirm = TimeSpan.FromSeconds(10);
    private readonly SemaphoreSlim _one = new(1, 1);
    private IConnection? _connection;
    private IChannel? _channel;

    public async Task<bool> SubmitAsync(JobSpec spec, CancellationToken cancellationToken)
    {
        log.Submitted(spec);
        byte[] body = Encoding.UTF8.GetBytes($$"""{"schema_version":1,"idempotency_key":"{{spec.Key}}","job":{{spec.Body(null)}}}""");
        long start = TimeProvider.System.GetTimestamp();
        while (TimeProvider.System.GetElapsedTime(start) < s_patience)
        {
            try
            {
                IChannel channel = await ChannelAsync(cancellationToken);
                BasicProperties properties = new() { ContentType = "application/json", Persistent = true, UserId = "sluice" };
                // no token goes into the client: a confirm that does not come is given up from outside
                await channel.BasicPublishAsync("sluice.submit", "", mandatory: true, properties, body, CancellationToken.None).AsTask().WaitAsync(s_confirm, cancellationToken);
                log.Confirmed(spec);
                return true;
            }
            catch (Exception e) when (!cancellationToken.IsCancellationRequested && e is BrokerUnreachableException or AlreadyClosedException or OperationInterruptedException or PublishException
                or OperationCanceledException or IOException or TimeoutException or ObjectDisposedException)
            {
                log.Ambiguous(spec);
                Forget();
                await Task.Delay(300, cancellationToken);
            }
        }
        return false;
    }

    public void Dispose()
    {
        Forget();
        _one.Dispose();
    }

    private async Task<IChannel> ChannelAsync(CancellationToken cancellationToken)
    {
        await _one.WaitAsync(cancellationToken);
        try
        {
            if (_channel is not { IsOpen: true })
            {
                _connection = await new ConnectionFactory { Uri = new Uri(broker), AutomaticRecoveryEnabled = false, RequestedConnectionTimeout = TimeSpan.FromSeconds(3) }.CreateConnectionAsync(cancellationToken);
                _channel = await _connection.CreateChannelAsync(new CreateChannelOptions(publisherConfirmationsEnabled: true, publisherConfirmationTrackingEnabled: true), cancellationToken);
            }
            return _channel;
        }
        finally
        {
            _one.Release();
        }
    }

    /// <summary>The next message gets a connection of its own; the old one ends by itself, however long that takes.</summary>
    private void Forget()
    {
        IConnection? connection = Interlocked.Exchange(ref _connection, null);
        _channel = null;
        if (connection is not null)
        {
            _ = Task.Run(() => connection.AbortAsync(TimeSpan.FromSeconds(1)));
        }
    }
}
