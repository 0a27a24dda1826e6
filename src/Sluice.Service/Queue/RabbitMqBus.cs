using MassTransit;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using RabbitMQ.Client;
using Sluice.Jobs;
using Sluice.Jobs.Messages;
using Sluice.Service.Models;
using Sluice.Store;

namespace Sluice.Service.Queue;

/// <summary>The bus on RabbitMQ: quorum queues for what must not be lost, an exclusive queue per API node for what is only news.</summary>
internal static class RabbitMqBus
{
    private const int DeliveryLimit = 20;
    private const int FinishedPrefetch = 500;

    public static void Configure(IRabbitMqBusFactoryConfigurator configurator, IBusRegistrationContext context, QueueParts parts)
    {
        QueueOptions options = context.GetRequiredService<IOptions<QueueOptions>>().Value;
        QueueNames names = context.GetRequiredService<QueueNames>();
        Connect(configurator, new Uri(options.Host));
        MessageShapes.Configure(configurator, names);
        PublishByTenant<JobFinished>(configurator, finished => finished.Tenant);
        PublishByTenant<JobRejected>(configurator, rejected => rejected.Tenant ?? "");
        if (Crash.IsArmed)
        {
            configurator.ConnectReceiveObserver(new AckCrash());
        }
        if (parts.Api)
        {
            ReceiveSubmits(configurator, context, names, options);
            ReceiveFinished(configurator, context, names);
        }
        if (parts.Worker)
        {
            TicketConsumer consumer = context.GetRequiredService<TicketConsumer>();
            foreach (ServedModel model in context.GetRequiredService<ModelCatalog>().All)
            {
                foreach (JobClass jobClass in Enum.GetValues<JobClass>())
                {
                    configurator.ReceiveEndpoint(names.Run(model.Name, jobClass), endpoint => RabbitMqTickets.Configure(endpoint, consumer, options));
                }
            }
        }
    }

    private static void Connect(IRabbitMqBusFactoryConfigurator configurator, Uri address)
    {
        AmqpTcpEndpoint endpoint = new(address);
        string virtualHost = address.AbsolutePath.Length > 1 ? Uri.UnescapeDataString(address.AbsolutePath[1..]) : "/";
        configurator.Host(endpoint.HostName, (ushort)endpoint.Port, virtualHost, "sluice", host =>
        {
            string[] user = address.UserInfo.Split(':', 2);
            if (user[0].Length > 0)
            {
                host.Username(Uri.UnescapeDataString(user[0]));
                host.Password(user.Length > 1 ? Uri.UnescapeDataString(user[1]) : "");
            }
            if (address.Scheme == "amqps")
            {
                host.UseSsl(ssl => ssl.ServerName = endpoint.HostName);
            }
        });
    }

    /// <summary>A topic exchange whose routing key is the tenant: the broker's topic permissions can keep listeners to their own.</summary>
    private static void PublishByTenant<T>(IRabbitMqBusFactoryConfigurator configurator, Func<T, string> tenant)
        where T : class
    {
        configurator.Publish<T>(topology => topology.ExchangeType = ExchangeType.Topic);
        configurator.Send<T>(topology => topology.UseRoutingKeyFormatter(context => tenant(context.Message)));
    }

    private static void ReceiveSubmits(IRabbitMqBusFactoryConfigurator configurator, IBusRegistrationContext context, QueueNames names, QueueOptions options) =>
        configurator.ReceiveEndpoint(names.Submit, endpoint =>
        {
            Quorum(endpoint, options.SubmitPrefetch);
            // what kills its consumer again and again is put aside, not dropped
            endpoint.SetQueueArgument("x-delivery-limit", DeliveryLimit);
            endpoint.SetQueueArgument("x-dead-letter-exchange", names.SubmitDead);
            endpoint.SetQueueArgument("x-dead-letter-strategy", "at-least-once");
            endpoint.SetQueueArgument("x-overflow", "reject-publish");
            endpoint.Instance(context.GetRequiredService<SubmitConsumer>());
        });

    private static void ReceiveFinished(IRabbitMqBusFactoryConfigurator configurator, IBusRegistrationContext context, QueueNames names) =>
        configurator.ReceiveEndpoint($"{names.Finished}.{Environment.MachineName}.{Guid.CreateVersion7():N}", endpoint =>
        {
            endpoint.ConfigureConsumeTopology = false;
            endpoint.Durable = false;
            endpoint.AutoDelete = true;
            endpoint.Exclusive = true;
            endpoint.PublishFaults = false;
            endpoint.PrefetchCount = FinishedPrefetch;
            endpoint.Bind(names.Finished, binding =>
            {
                binding.ExchangeType = ExchangeType.Topic;
                binding.RoutingKey = "#";
            });
            endpoint.Instance(context.GetRequiredService<FinishedConsumer>());
        });

    public static void Quorum(IRabbitMqReceiveEndpointConfigurator endpoint, int prefetch)
    {
        endpoint.ConfigureConsumeTopology = false;
        endpoint.SetQuorumQueue();
        endpoint.PrefetchCount = prefetch;
        endpoint.ConcurrentMessageLimit = prefetch;
        endpoint.PublishFaults = false;
        Unaddressed.Configure(endpoint); // a message may name any address to be told at
    }
}
