using MassTransit;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Sluice.Jobs;
using Sluice.Service.Models;

namespace Sluice.Service.Queue;

/// <summary>The same endpoints within this process.</summary>
internal static class InMemoryBus
{
    public static void Configure(IInMemoryBusFactoryConfigurator configurator, IBusRegistrationContext context, QueueParts parts)
    {
        QueueOptions options = context.GetRequiredService<IOptions<QueueOptions>>().Value;
        QueueNames names = context.GetRequiredService<QueueNames>();
        MessageShapes.Configure(configurator, names);
        if (parts.Api)
        {
            configurator.ReceiveEndpoint(names.Submit, endpoint =>
            {
                Bounded(endpoint, options.SubmitPrefetch);
                endpoint.Instance(context.GetRequiredService<SubmitConsumer>());
            });
            configurator.ReceiveEndpoint($"{names.Finished}.node", endpoint =>
            {
                endpoint.PublishFaults = false;
                endpoint.Instance(context.GetRequiredService<FinishedConsumer>());
            });
        }
        if (parts.Worker)
        {
            TicketConsumer consumer = context.GetRequiredService<TicketConsumer>();
            foreach (ServedModel model in context.GetRequiredService<ModelCatalog>().All)
            {
                foreach (JobClass jobClass in Enum.GetValues<JobClass>())
                {
                    configurator.ReceiveEndpoint(names.Run(model.Name, jobClass), endpoint =>
                    {
                        Bounded(endpoint, options.TicketPrefetch);
                        endpoint.Instance(consumer);
                    });
                }
            }
        }
    }

    private static void Bounded(IInMemoryReceiveEndpointConfigurator endpoint, int prefetch)
    {
        endpoint.ConfigureConsumeTopology = false;
        endpoint.UseRawJsonDeserializer(RawSerializerOptions.AnyMessageType, isDefault: true);
        endpoint.PrefetchCount = prefetch;
        endpoint.ConcurrentMessageLimit = prefetch;
        endpoint.PublishFaults = false;
    }
}
