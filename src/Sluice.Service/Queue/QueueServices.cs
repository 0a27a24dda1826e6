using MassTransit;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;

namespace Sluice.Service.Queue;

/// <summary>The bus: what this process sends, and what it listens to. Registered after what its consumers feed, so that it ends before them.</summary>
internal static class QueueServices
{
    public static IHostApplicationBuilder AddQueue(this IHostApplicationBuilder builder, SluiceHostOptions host)
    {
        IServiceCollection services = builder.Services;
        services.AddSingleton<IValidateOptions<QueueOptions>, QueueOptionsValidator>();
        services.AddOptions<QueueOptions>().Bind(builder.Configuration.GetSection(QueueOptions.Section)).ValidateDataAnnotations().ValidateOnStart();
        if (host.Embedded)
        {
            services.PostConfigure<QueueOptions>(options => options.Transport = QueueTransport.InMemory);
        }
        services.AddSingleton(Names);
        services.AddSingleton<BrokerTopology>();
        services.AddSingleton<OutboxPublisher>();
        // the broker may be away when the process starts: submits are accepted all the same
        services.Configure<MassTransitHostOptions>(options =>
        {
            options.WaitUntilStarted = false;
            options.StopTimeout = TimeSpan.FromSeconds(3);
            options.ConsumerStopTimeout = TimeSpan.FromSeconds(1);
        });

        QueueParts parts = new(Api: host.Runs(HostRole.Api), Worker: host.Runs(HostRole.Worker));
        if (parts.Api)
        {
            services.AddSingleton<SubmitConsumer>().AddSingleton<FinishedConsumer>();
        }
        if (parts.Worker)
        {
            services.AddSingleton<TicketConsumer>();
            services.AddSingleton<RabbitMqTickets>();
            services.AddSingleton<OpenTickets>(provider => provider.GetRequiredService<RabbitMqTickets>().Open);
        }
        bool inMemory = host.Embedded || builder.Configuration.GetValue<QueueTransport>($"{QueueOptions.Section}:{nameof(QueueOptions.Transport)}") == QueueTransport.InMemory;
        services.AddSingleton<IBusDepot, BoundedBusDepot>();
        services.AddMassTransit(bus =>
        {
            bus.DisableUsageTelemetry();
            if (inMemory)
            {
                bus.UsingInMemory((context, configurator) => InMemoryBus.Configure(configurator, context, parts));
            }
            else
            {
                bus.UsingRabbitMq((context, configurator) => RabbitMqBus.Configure(configurator, context, parts));
            }
        });
        // after the bus, so that it ends before it
        services.AddHostedService<OutboxRelay>();
        services.AddHostedService<BrokerMark>();
        if (parts.Worker)
        {
            services.AddHostedService<ShardKeeper>();
        }
        return builder;
    }

    /// <summary>Within one process there is nothing to divide.</summary>
    private static QueueNames Names(IServiceProvider provider)
    {
        QueueOptions options = provider.GetRequiredService<IOptions<QueueOptions>>().Value;
        return new QueueNames(options.Prefix, options.Transport == QueueTransport.InMemory ? 1 : options.Shards);
    }
}

/// <summary>Which of the process's parts use the bus.</summary>
internal readonly record struct QueueParts(bool Api, bool Worker);
