using MassTransit;
using Microsoft.Extensions.Options;

namespace Sluice.Service.Queue;

/// <summary>Queues of tickets on the broker, consumed from the beginning or for as long as wanted.</summary>
internal sealed class RabbitMqTickets(IBus bus, TicketConsumer consumer, IOptions<QueueOptions> options)
{
    /// <summary>Its end may be tried again where it failed. The binding is part of the endpoint: it is made again when the broker comes back without its disk.</summary>
    public IAsyncDisposable Open(string queue, string divider) => new Consumed(bus.ConnectReceiveEndpoint(queue, endpoint =>
    {
        IRabbitMqReceiveEndpointConfigurator rabbit = (IRabbitMqReceiveEndpointConfigurator)endpoint;
        Configure(rabbit, consumer, options.Value);
        rabbit.Bind(divider, binding =>
        {
            binding.ExchangeType = BrokerTopology.HashExchange;
            binding.RoutingKey = BrokerTopology.Weight;
        });
    }));

    public static void Configure(IRabbitMqReceiveEndpointConfigurator endpoint, TicketConsumer consumer, QueueOptions options)
    {
        RabbitMqBus.Quorum(endpoint, options.TicketPrefetch);
        endpoint.Instance(consumer);
    }

    private sealed class Consumed(HostReceiveEndpointHandle endpoint) : IAsyncDisposable
    {
        private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(5);

        public async ValueTask DisposeAsync()
        {
            using CancellationTokenSource limit = new(s_patience);
            await endpoint.StopAsync(limit.Token).WaitAsync(limit.Token); // which it does not always heed
        }
    }
}
