using System.Text.Json;
using MassTransit;
using Sluice.Jobs;
using Sluice.Jobs.Messages;

namespace Sluice.Service.Queue;

/// <summary>Where messages go and how their bodies read, on any transport.</summary>
internal static class MessageShapes
{
    public static void Configure(IBusFactoryConfigurator configurator, QueueNames names)
    {
        configurator.Message<JobFinished>(topology => topology.SetEntityName(names.Finished));
        configurator.Message<JobRejected>(topology => topology.SetEntityName(names.Rejected));
        configurator.ConfigureJsonSerializerOptions(WithContracts);
    }

    /// <summary>A copy: the transport's options are shared by all buses of the process and locked by their first use.</summary>
    private static JsonSerializerOptions WithContracts(JsonSerializerOptions options)
    {
        if (options.Converters.Any(converter => converter is ContractConverter<Ticket>))
        {
            return options;
        }
        JsonSerializerOptions copy = new(options);
        copy.Converters.Insert(0, new ContractConverter<SubmitJob>(JobsJson.Default.SubmitJob));
        copy.Converters.Insert(0, new ContractConverter<JobFinished>(JobsJson.Default.JobFinished));
        copy.Converters.Insert(0, new ContractConverter<JobRejected>(JobsJson.Default.JobRejected));
        copy.Converters.Insert(0, new ContractConverter<Ticket>(QueueJson.Default.Ticket));
        return copy;
    }
}
