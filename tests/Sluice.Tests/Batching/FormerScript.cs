using FsCheck;
using FsCheck.Fluent;
using Sluice.Jobs;

namespace Sluice.Tests.Batching;

/// <summary>What happens to a former and its engine, one thing at a time.</summary>
internal abstract record Happening
{
    public sealed record Arrives(JobClass Class, int? Deadline, OnLate Late, int Prompt, int Max, int Prefix, int Suspicions, int Tenant, long[]? Chain) : Happening;

    /// <summary>Someone who waits is cancelled; <paramref name="Which"/> counts around.</summary>
    public sealed record Cancelled(int Which) : Happening;

    public sealed record MoreUrgent(int Which, JobClass Class, int? Deadline) : Happening;

    public sealed record Passes(int Milliseconds) : Happening;

    /// <summary>Running jobs end, the engine tells how long that took.</summary>
    public sealed record Ends(int Count, int Milliseconds) : Happening;
}

internal static class FormerScript
{
    private static readonly Gen<JobClass> _class = Gen.Elements(JobClass.Interactive, JobClass.Standard, JobClass.Bulk);

    private static readonly Gen<int?> _deadline = Gen.OneOf(
        Gen.Constant<int?>(null), Gen.Elements<int?>(1000, 5000, 60_000), Gen.Choose(1, 3000).Select(ms => (int?)ms), Gen.Choose(1, 600_000).Select(ms => (int?)ms));

    private static readonly Gen<Happening> _arrival =
        from @class in _class
        from deadline in _deadline
        from late in Gen.Elements(OnLate.Expire, OnLate.Run, OnLate.Reject)
        from prompt in Gen.Frequency((8, Gen.Choose(1, 60)), (2, Gen.Choose(60, 900)), (1, Gen.Choose(900, 1300)))
        from max in Gen.Frequency((8, Gen.Choose(0, 60)), (1, Gen.Choose(60, 600)))
        from prefix in Gen.Choose(0, 4)
        from suspicions in Gen.Frequency((12, Gen.Constant(0)), (1, Gen.Choose(1, 4)))
        from tenant in Gen.Frequency((4, Gen.Constant(0)), (1, Gen.Choose(1, 3)))
        from chain in Gen.Frequency((1, Gen.Constant<long[]?>(null)), (2, Gen.Choose(0, 6).SelectMany(n => Gen.ArrayOf(Gen.Choose(1, 2).Select(mark => (long)mark), n)).Select(long[]? (marks) => marks)))
        select (Happening)new Happening.Arrives(@class, deadline, late, prompt, max, prefix, suspicions, tenant, chain);

    private static readonly Gen<Happening> _happening = Gen.Frequency(
        (8, _arrival),
        (1, Gen.Choose(0, 1000).Select(Happening (n) => new Happening.Cancelled(n))),
        (1, from n in Gen.Choose(0, 1000) from c in _class from d in _deadline select (Happening)new Happening.MoreUrgent(n, c, d)),
        (4, Gen.OneOf(Gen.Choose(0, 30), Gen.Choose(0, 3000)).Select(Happening (ms) => new Happening.Passes(ms))),
        (3, from n in Gen.Choose(1, 12) from ms in Gen.Choose(1, 400) select (Happening)new Happening.Ends(n, ms)));

    /// <summary>Whole histories; a failing one is shortened.</summary>
    public static Arbitrary<Happening[]> Any { get; } = Arb.From(
        Gen.Choose(1, 120).SelectMany(n => Gen.ArrayOf(_happening, n)),
        history => Enumerable.Range(0, history.Length).Select(i => history.Where((_, j) => j != i).ToArray()));
}
