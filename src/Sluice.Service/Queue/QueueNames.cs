using Sluice.Jobs;
using Sluice.Service.Telemetry;

namespace Sluice.Service.Queue;

/// <summary>Names on the broker. An exchange and its queue share a name.</summary>
internal sealed class QueueNames(string prefix)
{
    /// <summary>Where producers send <see cref="Jobs.Messages.SubmitJob"/>.</summary>
    public string Submit => $"{prefix}.submit";

    /// <summary>Submissions that were delivered too often without an answer (a consumer that dies on them).</summary>
    public string SubmitDead => $"{prefix}.submit_dead";

    /// <summary>Topic exchange of <see cref="Jobs.Messages.JobFinished"/>; the routing key is the tenant.</summary>
    public string Finished => $"{prefix}.finished";

    /// <summary>Topic exchange of <see cref="Jobs.Messages.JobRejected"/>; the routing key is the tenant.</summary>
    public string Rejected => $"{prefix}.rejected";

    /// <summary>Tickets of one model (a slug) and class.</summary>
    public string Run(string model, JobClass jobClass) => $"{prefix}.run.{model}.{jobClass.Label()}";
}
