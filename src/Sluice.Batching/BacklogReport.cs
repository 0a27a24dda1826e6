namespace Sluice.Batching;

/// <summary>A former's backlog in sums, and how fast it goes: small enough to be told to others every second.</summary>
public sealed record BacklogReport
{
    /// <summary>Seconds of engine work that a second of the full engine gets done; above 0.</summary>
    public required double Rate { get; init; }

    /// <summary>Seconds of engine work that interactive jobs bring a second, of late.</summary>
    public required double InteractiveRate { get; init; }

    /// <summary>Seconds of engine work of the jobs that wait, by class.</summary>
    public required IReadOnlyList<double> Work { get; init; }

    /// <summary>Jobs that wait, by class.</summary>
    public required IReadOnlyList<int> Jobs { get; init; }
}
