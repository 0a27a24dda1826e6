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

    /// <summary>How long suspects wait while others run; after that, nothing is admitted until the engine is empty and they go.</summary>
    public TimeSpan SuspectPatience { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>Where a job without deadline stands among those of its class that have one: as if its safe start were this long after its creation.</summary>
    public TimeSpan InteractivePatience { get; init; } = TimeSpan.FromSeconds(2);

    /// <inheritdoc cref="InteractivePatience"/>
    public TimeSpan StandardPatience { get; init; } = TimeSpan.FromMinutes(5);

    /// <inheritdoc cref="InteractivePatience"/>
    public TimeSpan BulkPatience { get; init; } = TimeSpan.FromHours(1);

    internal TimeSpan Patience(JobClass of) => of switch
    {
        JobClass.Interactive => InteractivePatience,
        JobClass.Standard => StandardPatience,
        _ => BulkPatience,
    };
}
