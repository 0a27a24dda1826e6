using Sluice.Jobs;
using Sluice.Service.Telemetry;

namespace Sluice.Service.Queue;

/// <summary>Names on the broker. An exchange and its queue share a name.</summary>
/// <param name="prefix">Precedes all.</param>
/// <param name="shards">Into how many shards tickets are divided; 1 for not at all. Part of the shards' names, so that nodes which disagree never share one.</param>
internal sealed class QueueNames(string prefix, int shards = 1)
{
    public int Shards => shards;

    /// <summary>Where producers send <see cref="Jobs.Messages.SubmitJob"/>.</summary>
    public string Submit => $"{prefix}.submit";

    /// <summary>Submissions that were delivered too often without an answer (a consumer that dies on them).</summary>
    public string SubmitDead => $"{prefix}.submit_dead";

    /// <summary>Topic exchange of <see cref="Jobs.Messages.JobFinished"/>; the routing key is the tenant.</summary>
    public string Finished => $"{prefix}.finished";

    /// <summary>Topic exchange of <see cref="Jobs.Messages.JobRejected"/>; the routing key is the tenant.</summary>
    public string Rejected => $"{prefix}.rejected";

    /// <summary>The queue of the one message by which <see cref="BrokerMark"/> knows the broker again.</summary>
    public string Mark => $"{prefix}.mark";

    /// <summary>Tickets of one model (a slug) and class that are not sharded: where every worker listens.</summary>
    public string Run(string model, JobClass jobClass) => $"{prefix}.run.{model}.{jobClass.Label()}";

    /// <summary>The exchange that divides tickets of one model and class by their routing key.</summary>
    public string Divider(string model, JobClass jobClass) => $"{Run(model, jobClass)}.of{shards}";

    /// <summary>The queue of one shard, 0 to <see cref="Shards"/> - 1.</summary>
    public string Shard(string model, JobClass jobClass, int shard) => $"{Run(model, jobClass)}.{shard}of{shards}";

    /// <summary>Every queue and exchange of a model's tickets.</summary>
    public IEnumerable<string> OfModel(string model) => Enum.GetValues<JobClass>().SelectMany(
        jobClass => (string[])[Run(model, jobClass), Divider(model, jobClass), .. Enumerable.Range(0, shards).Select(shard => Shard(model, jobClass, shard))]);
}
