namespace Sluice.Simulation.Tests.Faults;

/// <summary>What really happened in a run: a fault that is never injected proves nothing.</summary>
internal sealed class FaultCounts
{
    private readonly SortedDictionary<string, long> _counts = new(StringComparer.Ordinal);

    public IReadOnlyDictionary<string, long> All => _counts;

    public long this[string name] => _counts.GetValueOrDefault(name);

    public void Add(string name, long count = 1) => _counts[name] = _counts.GetValueOrDefault(name) + count;

    public void Add(FaultCounts others)
    {
        foreach ((string name, long count) in others._counts)
        {
            Add(name, count);
        }
    }
}
