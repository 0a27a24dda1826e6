using Sluice.Jobs;

namespace Sluice.Batching;

/// <summary>How a former weighs waiting against going.</summary>
public sealed record FormerOptions
{
    /// <summary>How long an under-filled batch waits for company while the engine has enough to do.</summary>
    public TimeSpan Linger { get; init; } = TimeSpan.FromMilliseconds(20);

    /// <summary>Below this share of its sequences running, the engine starves and nothing lingers; 0 to 1. An empty engine always starves.</summary>
    public double StarvingShare { get; init; } = 0.25;

    /// <summary>A job whose latest safe start is within this goes before jobs of better class that can wait (interactive excepted).</summary>
    public TimeSpan NearDeadline { get; init; } = TimeSpan.FromMilliseconds(500);

    /// <summary>How long smaller jobs may pass a job that does not fit; after that, room is kept free for it.</summary>
    public TimeSpan PassOver { get; init; } = TimeSpan.FromMilliseconds(100);

    /// <summary>How long suspects wait while others run; after that, nothing is admitted until the engine is empty and they have gone, all that wait, group after group.</summary>
    public TimeSpan SuspectPatience { get; init; } = TimeSpan.FromMilliseconds(250);

    /// <summary>Where a job without deadline stands among those of its class that have one: as if its safe start were this long after its creation.</summary>
    public TimeSpan InteractivePatience { get; init; } = DueTimes.Patience(JobClass.Interactive);

    /// <inheritdoc cref="InteractivePatience"/>
    public TimeSpan StandardPatience { get; init; } = DueTimes.Patience(JobClass.Standard);

    /// <inheritdoc cref="InteractivePatience"/>
    public TimeSpan BulkPatience { get; init; } = DueTimes.Patience(JobClass.Bulk);

    /// <summary>A prefix counts as still in pages until prompts of this share of all pages have been handed over since; 0 to 1.</summary>
    public double WarmShare { get; init; } = 0.5;

    /// <summary>How many jobs may go before their turn for their prefix's sake, for each one that goes in order.</summary>
    public int MostPasses { get; init; } = 16;

    /// <summary>With all sequences or pages taken, what becomes free waits up to <see cref="Linger"/> for more, until it takes this share of all sequences; 0 to 1.</summary>
    public double GatherShare { get; init; } = 1.0 / 16;

    /// <summary>What a tenant may have of each class's tokens, relative to the other tenants that wait; 1 for those not named.</summary>
    public IReadOnlyDictionary<string, double> TenantWeights { get; init; } = new Dictionary<string, double>();

    /// <summary>How far back a tenant's tokens count against its share: until this many times what the KV pages hold has been handed over.</summary>
    public double ShareMemory { get; init; } = 5;

    /// <summary>How much a tenant's having had more than its share tells against its jobs when some must be given up; 0 for not at all, 1 for in proportion.</summary>
    public double Fairness { get; init; } = 0.2;

    /// <summary>How long an interactive job waits for room before running jobs of lesser classes give theirs back, to be computed again.</summary>
    public TimeSpan YieldAfter { get; init; } = TimeSpan.FromMilliseconds(200);

    /// <summary>How probable it must be that a job ends in time for it to go before others that can, while there is more to do than can be done.</summary>
    public double LeastChance { get; init; } = 0.6;

    /// <summary>As <see cref="LeastChance"/>, of interactive jobs.</summary>
    public double LeastInteractiveChance { get; init; } = 0.3;

    /// <summary>Share of what the engine is thought to do that deadlines are counted on; 0 to 1.</summary>
    public double Confidence { get; init; } = 0.95;

    /// <summary>What a token of an interactive job is worth, where one of a bulk job is worth 1.</summary>
    public double InteractiveWeight { get; init; } = 2;

    /// <summary>What a token of a standard job is worth, where one of a bulk job is worth 1.</summary>
    public double StandardWeight { get; init; } = 1.1;

    internal double TenantWeight(string tenant) => TenantWeights.TryGetValue(tenant, out double weight) ? weight : 1;

    internal double Weight(JobClass of) => of switch
    {
        JobClass.Interactive => InteractiveWeight,
        JobClass.Standard => StandardWeight,
        _ => 1,
    };

    internal TimeSpan Patience(JobClass of) => of switch
    {
        JobClass.Interactive => InteractivePatience,
        JobClass.Standard => StandardPatience,
        _ => BulkPatience,
    };
}
