namespace Sluice.Store.Checking;

/// <summary>One question to the database.</summary>
/// <param name="Invariant">1 to 10.</param>
/// <param name="Name">What a row of the answer did.</param>
/// <param name="Sql">Selects one column: the ids of the jobs that break the rule, or what breaks it by name. May use <see cref="Stuck"/>.</param>
internal sealed record CheckRule(int Invariant, string Name, string Sql)
{
    /// <summary>How long is too long, within a rule's text.</summary>
    public const string Stuck = "current_setting('sluice.check_stuck')::interval";
}

/// <summary>The ten, in words.</summary>
internal static class Invariants
{
    public const int Count = 10;

    private static readonly string[] s_says =
    [
        "every job ends once, and its events tell its life",
        "what was accepted is there, one job for a key",
        "one result for a success, of the claim that counted",
        "the answer is the right one",
        "nothing starts after its deadline or answers after it expired",
        "one webhook for each end, after it, always the same bytes",
        "the usage ledger is the sum of the results",
        "nothing is held, running or waiting without cause",
        "nothing is stuck",
        "no tenant's rows or words are with another",
    ];

    public static string Says(int invariant) => s_says[invariant - 1];
}
