namespace Sluice.Store.Checking;

/// <summary>Gathers what breaks which rule.</summary>
internal sealed class Findings(int examples)
{
    private readonly Dictionary<(int Invariant, string Rule), (long Count, List<string> Examples)> _broken = [];
    private readonly Dictionary<int, List<string>> _notChecked = [];

    public void Add(int invariant, string rule, string example) => Add(invariant, rule, 1, [example]);

    public void Add(int invariant, string rule, long count, IEnumerable<string> found)
    {
        if (count == 0)
            return;
        (long before, List<string> named) = _broken.GetValueOrDefault((invariant, rule), (0, []));
        named.AddRange(found.Take(examples - named.Count));
        _broken[(invariant, rule)] = (before + count, named);
    }

    public void NotChecked(int invariant, string what)
    {
        if (!_notChecked.TryGetValue(invariant, out List<string>? list))
            _notChecked[invariant] = list = [];
        if (!list.Contains(what))
            list.Add(what);
    }

    public IReadOnlyList<InvariantReport> Reports() => [.. Enumerable.Range(1, Invariants.Count).Select(Report)];

    private InvariantReport Report(int invariant)
    {
        RuleReport[] broken = [.. _broken.Where(b => b.Key.Invariant == invariant).Select(b => new RuleReport(b.Key.Rule, b.Value.Count, b.Value.Examples)).OrderBy(r => r.Rule, StringComparer.Ordinal)];
        return new InvariantReport($"I{invariant}", Invariants.Says(invariant), broken.Sum(r => r.Violations), _notChecked.GetValueOrDefault(invariant, []), broken);
    }
}
