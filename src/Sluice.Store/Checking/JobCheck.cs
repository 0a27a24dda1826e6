using Sluice.Jobs;

namespace Sluice.Store.Checking;

/// <summary>
/// Asks a database, and a log of what callers saw, whether the invariants I1 to I10 hold. Reads only, from one snapshot, and names ids, never content.
/// The role needs select on the service's tables and nothing else: tenants are kept apart by row-level security, which the setting sluice.tenant answers for, so
/// the service's own role does, and so does one that may only read.
/// </summary>
public static class JobCheck
{
    /// <summary>$1 most examples; the rule stands where {0} is.</summary>
    private const string Count = "select count(*), (array_agg(id::text order by id))[1:$1] from ({0}) broken(id)";

    /// <summary>Throws <see cref="StoreUnavailableException"/> where the database cannot be reached, <see cref="FormatException"/> for a connection string that is none.</summary>
    public static async Task<CheckReport> RunAsync(CheckOptions options, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(options);
        await using CheckSession session = await CheckSession.OpenAsync(options, cancellationToken);
        Findings findings = new(options.Examples);
        foreach (CheckRule rule in options.Drained ? CheckRules.Always.Concat(CheckRules.Drained) : CheckRules.Always)
        {
            await AskAsync(session, findings, rule, options, cancellationToken);
        }
        await LookAtCacheAsync(session, findings, cancellationToken);
        long? recovered = options.Log is { } log ? await new LogCheck(session, findings, log, options).RunAsync(cancellationToken) : null;
        (long? jobs, long? live, double wasted) = await FiguresAsync(session, cancellationToken);
        IReadOnlyList<InvariantReport> reports = findings.Reports();
        return new CheckReport(reports.All(r => r.Violations == 0 && r.NotChecked.Count == 0), jobs, live, wasted, recovered, reports);
    }

    private static async Task AskAsync(CheckSession session, Findings findings, CheckRule rule, CheckOptions options, CancellationToken cancellationToken)
    {
        string sql = Count.Replace("{0}", rule.Sql, StringComparison.Ordinal);
        var rows = await session.ListAsync(sql, [options.Examples], r => (Count: r.GetInt64(0), Ids: r.IsDBNull(1) ? [] : r.GetFieldValue<string[]>(1)), cancellationToken);
        if (rows is null)
            findings.NotChecked(rule.Invariant, $"{rule.Name}: no answer within {options.StatementTimeout.TotalSeconds:0.###} s");
        else
            findings.Add(rule.Invariant, rule.Name, rows[0].Count, rows[0].Ids.Select(id => Guid.TryParse(id, out Guid job) ? new JobId(job).ToString() : id));
    }

    /// <summary>Cache entries are shown to their own tenant only, so each tenant is asked for those that came from no job of its own; of these none may be another's.</summary>
    private static async Task LookAtCacheAsync(CheckSession session, Findings findings, CancellationToken cancellationToken)
    {
        const int invariant = 10;
        const string rule = "cache_entry_of_another_tenant";
        List<string>? tenants = await session.ListAsync(CheckRules.Tenants, [], r => r.GetString(0), cancellationToken);
        if (tenants is null)
        {
            findings.NotChecked(invariant, $"{rule}: no answer in time");
            return;
        }
        List<Guid> foreign = [];
        foreach (string tenant in tenants)
        {
            await session.ServeAsync(tenant, cancellationToken);
            if (await session.ListAsync(CheckRules.ForeignSources, [tenant], r => r.GetGuid(0), cancellationToken) is { } sources)
                foreign.AddRange(sources);
            else
                findings.NotChecked(invariant, $"{rule}: no answer in time for tenant {tenant}");
        }
        await session.ServeAsync(Postgres.Scope.All, cancellationToken);
        if (foreign.Count == 0)
            return;
        if (await session.ListAsync(CheckRules.StillThere, [foreign.ToArray()], r => r.GetGuid(0), cancellationToken) is { } there)
            findings.Add(invariant, rule, there.Count, there.Select(id => new JobId(id).ToString()));
        else
            findings.NotChecked(invariant, $"{rule}: no answer in time");
    }

    private static async Task<(long? Jobs, long? Live, double Wasted)> FiguresAsync(CheckSession session, CancellationToken cancellationToken)
    {
        var rows = await session.ListAsync(CheckRules.Figures, [], r => (Jobs: r.GetInt64(0), Live: r.GetInt64(1), Runs: r.GetInt64(2), Again: r.GetInt64(3)), cancellationToken);
        return rows is null ? (null, null, 0) : (rows[0].Jobs, rows[0].Live, rows[0].Runs == 0 ? 0 : Math.Round((double)rows[0].Again / rows[0].Runs, 6));
    }
}
