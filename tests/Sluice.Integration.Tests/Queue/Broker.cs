using System.Collections.Concurrent;
using System.Text;
using RabbitMQ.Client;
using RabbitMQ.Client.Events;
using Sluice.Jobs;
using Sluice.Service.Models;
using Sluice.Service.Queue;

namespace Sluice.Integration.Tests.Queue;

/// <summary>The configured broker as a producer and an operator see it, under a prefix of the test's own; what was declared is deleted at the end.</summary>
internal sealed class Broker : IAsyncDisposable
{
    public const string Missing = "No RabbitMQ: set SLUICE__QUEUE__HOST (ops/services.sh up prints it).";

    private IConnection? _connection;
    private IChannel? _channel;

    public static bool IsConfigured => Environment.GetEnvironmentVariable("SLUICE__QUEUE__HOST") is not null;

    public string Host { get; } = Environment.GetEnvironmentVariable("SLUICE__QUEUE__HOST") ?? "amqp://127.0.0.1/";

    /// <summary>Whose ticket queues are deleted at the end.</summary>
    public string Model { get; init; } = StubModel.Name;

    public string Prefix { get; } = $"test-{Guid.NewGuid().ToString("N")[..8]}";

    public string User => new Uri(Host).UserInfo.Split(':')[0];

    /// <summary>Into how many shards the test's nodes divide tickets.</summary>
    public int Shards { get; set; } = 2;

    public QueueNames Names => new(Prefix, Shards);

    private IEnumerable<string> TicketQueues => Enumerable.Range(0, Shards).Select(shard => Names.Shard(StubModel.Name, JobClass.Standard, shard)).Append(Names.Run(StubModel.Name, JobClass.Standard));

    public async Task<IChannel> ChannelAsync()
    {
        if (_channel is null)
        {
            _connection = await new ConnectionFactory { Uri = new Uri(Host) }.CreateConnectionAsync();
            _channel = await _connection.CreateChannelAsync(new CreateChannelOptions(publisherConfirmationsEnabled: true, publisherConfirmationTrackingEnabled: true));
        }
        return _channel;
    }

    /// <summary>Sends a body to the exchange for submits; returns when the broker has confirmed it.</summary>
    public Task SubmitAsync(string body, string contentType = "application/json", bool withUser = true, Action<BasicProperties>? change = null) =>
        SubmitAsync(Encoding.UTF8.GetBytes(body), contentType, withUser, change);

    /// <inheritdoc cref="SubmitAsync(string, string, bool, Action{BasicProperties})"/>
    public async Task SubmitAsync(byte[] body, string contentType, bool withUser = true, Action<BasicProperties>? change = null)
    {
        BasicProperties properties = new() { ContentType = contentType, Persistent = true };
        if (withUser)
        {
            properties.UserId = User;
        }
        change?.Invoke(properties);
        IChannel channel = await ChannelAsync();
        await channel.BasicPublishAsync(Names.Submit, "", mandatory: true, properties, body);
    }

    /// <summary>Sends a submit in another user's name, which the broker does not take; returns the code with which it closes the channel.</summary>
    public async Task<int?> SubmitAsAsync(string user, string body)
    {
        await using IChannel channel = await (await OpenAsync()).CreateChannelAsync(new CreateChannelOptions(publisherConfirmationsEnabled: true, publisherConfirmationTrackingEnabled: true));
        BasicProperties properties = new() { ContentType = "application/json", Persistent = true, UserId = user };
        using CancellationTokenSource limit = new(TimeSpan.FromSeconds(60));
        try
        {
            await channel.BasicPublishAsync(Names.Submit, "", mandatory: true, properties, Encoding.UTF8.GetBytes(body), limit.Token);
            return null;
        }
        catch (Exception e) when (e is RabbitMQ.Client.Exceptions.OperationInterruptedException or RabbitMQ.Client.Exceptions.PublishException)
        {
            return channel.CloseReason?.ReplyCode;
        }
    }

    /// <summary>Declares an exchange, and a queue of its name that keeps whatever is sent to it.</summary>
    public async Task TrapAsync(string name)
    {
        IChannel channel = await ChannelAsync();
        await channel.ExchangeDeclareAsync(name, ExchangeType.Fanout, durable: true);
        await channel.QueueDeclareAsync(name, durable: true, exclusive: false, autoDelete: false);
        await channel.QueueBindAsync(name, name, "");
    }

    /// <summary>How much a trap has caught, found by sending one more to it, so that one that catches nothing is noticed; removes it.</summary>
    public async Task<uint> SpringAsync(string name)
    {
        IChannel channel = await ChannelAsync();
        await channel.BasicPublishAsync(name, "", mandatory: true, new BasicProperties(), new byte[] { 1 });
        uint caught = await channel.MessageCountAsync(name);
        await channel.QueueDeleteAsync(name);
        await channel.ExchangeDeleteAsync(name);
        return caught - 1;
    }

    /// <summary>Takes all that lies in a queue, oldest first.</summary>
    public async Task<List<string>> TakeAllAsync(string queue)
    {
        IChannel channel = await ChannelAsync();
        List<string> bodies = [];
        while (await channel.BasicGetAsync(queue, autoAck: true) is { } message)
        {
            bodies.Add(Encoding.UTF8.GetString(message.Body.Span));
        }
        return bodies;
    }

    /// <summary>Bodies of all messages on an exchange from now on, with their routing keys.</summary>
    public async Task<ConcurrentQueue<(string Key, string Body)>> ListenAsync(string exchange)
    {
        IChannel channel = await ChannelAsync();
        await channel.ExchangeDeclareAsync(exchange, ExchangeType.Topic, durable: true);
        QueueDeclareOk queue = await channel.QueueDeclareAsync();
        await channel.QueueBindAsync(queue.QueueName, exchange, "#");
        ConcurrentQueue<(string, string)> heard = new();
        AsyncEventingBasicConsumer consumer = new(channel);
        consumer.ReceivedAsync += (_, message) =>
        {
            heard.Enqueue((message.RoutingKey, Encoding.UTF8.GetString(message.Body.Span)));
            return Task.CompletedTask;
        };
        await channel.BasicConsumeAsync(queue.QueueName, autoAck: true, consumer);
        return heard;
    }

    /// <summary>Messages that are ready in a queue; 0 where there is no such queue.</summary>
    public async Task<uint> ReadyAsync(string queue)
    {
        await using IChannel channel = await (await OpenAsync()).CreateChannelAsync();
        try
        {
            return await channel.MessageCountAsync(queue);
        }
        catch (RabbitMQ.Client.Exceptions.OperationInterruptedException)
        {
            return 0;
        }
    }

    public async Task<bool> ExistsAsync(string queue)
    {
        await using IChannel channel = await (await OpenAsync()).CreateChannelAsync();
        try
        {
            await channel.QueueDeclarePassiveAsync(queue);
            return true;
        }
        catch (RabbitMQ.Client.Exceptions.OperationInterruptedException)
        {
            return false;
        }
    }

    /// <summary>Tickets that wait. (The tests submit jobs of class standard.)</summary>
    public async Task<uint> TicketsAsync()
    {
        uint tickets = 0;
        foreach (string queue in TicketQueues)
        {
            tickets += await ReadyAsync(queue);
        }
        return tickets;
    }

    /// <summary>Who consumes tickets.</summary>
    public async Task<uint> ConsumersAsync()
    {
        uint consumers = 0;
        foreach (string queue in TicketQueues)
        {
            await using IChannel channel = await (await OpenAsync()).CreateChannelAsync();
            try
            {
                consumers += await channel.ConsumerCountAsync(queue);
            }
            catch (RabbitMQ.Client.Exceptions.OperationInterruptedException)
            {
                // there is no such queue
            }
        }
        return consumers;
    }

    /// <summary>The service has left its mark.</summary>
    public async Task<bool> IsMarkedAsync() => await ReadyAsync(Names.Mark) > 0;

    /// <summary>As a broker does that lost its disk: what waits is gone, and what the service knows it by.</summary>
    public async Task WipeAsync()
    {
        await PurgeTicketsAsync();
        await (await ChannelAsync()).QueueDeleteAsync(Names.Mark);
    }

    /// <summary>Throws away what waits in the ticket queues.</summary>
    public async Task PurgeTicketsAsync()
    {
        IChannel channel = await ChannelAsync();
        foreach (string queue in TicketQueues)
        {
            await channel.QueuePurgeAsync(queue);
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (!IsConfigured)
        {
            return;
        }
        IConnection connection = await OpenAsync();
        List<string> names = [Names.Submit, Names.SubmitDead, Names.Finished, Names.Rejected, Names.Mark, $"{Names.Submit}_error", $"{Names.Submit}_skipped"];
        names.AddRange(Names.OfModel(Model));
        await using (IChannel channel = await connection.CreateChannelAsync())
        {
            foreach (string name in names)
            {
                await channel.QueueDeleteAsync(name);
                await channel.ExchangeDeleteAsync(name);
            }
        }
        await connection.DisposeAsync();
    }

    private async Task<IConnection> OpenAsync()
    {
        await ChannelAsync();
        return _connection!;
    }
}
