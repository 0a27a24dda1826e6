using Npgsql;
using Sluice.Jobs;

namespace Sluice.Store.Postgres;

/// <summary>A job whose row has just become terminal, in the transaction that is open.</summary>
/// <param name="Keyed">It may have followers and, when the engine answered, makes a cache entry.</param>
/// <param name="Submission">Counts its ends; null for a job that came alone.</param>
/// <param name="Result">With succeeded.</param>
internal sealed record EndedJob(Guid Id, string Tenant, JobState State, bool Keyed, Guid? Submission, JobResult? Result)
{
    /// <inheritdoc cref="JobOutcome.OtherRevision"/>
    public string? OtherRevision { get; init; }
}

/// <summary>
/// What every end of a job writes, whoever brought it about: result, event, JobFinished, usage, webhooks, cache entry, and what becomes of its followers.
/// Runs inside the caller's transaction, after the rows of <see cref="EndedJob"/> became terminal.
/// </summary>
internal static class TerminalTransaction
{
    private static readonly string[] s_states = [.. Enum.GetNames<JobState>().Select(n => n.ToLowerInvariant())];

    public static async Task RecordAsync(NpgsqlConnection connection, Guid? worker, IReadOnlyList<EndedJob> ended, CancellationToken cancellationToken)
    {
        if (ended.Count == 0)
            return;
        Dictionary<Guid, EndedJob> leaders = ended.Where(e => e.Keyed).ToDictionary(e => e.Id);
        Commands commands = new Commands(connection).For(Scope.All);
        AddEnds(commands, worker, ended);
        if (leaders.Count > 0)
            commands.Add(TerminalSql.Followers, leaders.Keys.ToArray());
        foreach (IGrouping<string, EndedJob> tenant in leaders.Values.Where(e => e.Result?.Source == AnswerSource.Engine && e.OtherRevision is null).GroupBy(e => e.Tenant).OrderBy(g => g.Key, StringComparer.Ordinal))
        {
            commands.For(Scope.Of(tenant.Key)).Add(TerminalSql.CacheEntries, tenant.Select(e => e.Id).ToArray());
        }
        if (leaders.Count == 0)
        {
            await commands.RunAsync(cancellationToken);
            return;
        }
        List<(Guid Id, Guid Leader, string Tenant, Guid? Submission)> followers;
        await using (Rows rows = await commands.ReadAsync(cancellationToken))
        {
            followers = await rows.ListAsync(r => (r.GetGuid(0), r.GetGuid(1), r.GetString(2), r.Id(3)), cancellationToken);
        }
        if (followers.Count > 0)
            await HandOverAsync(connection, leaders, followers, cancellationToken);
    }

    private static async Task HandOverAsync(NpgsqlConnection connection, Dictionary<Guid, EndedJob> leaders, List<(Guid Id, Guid Leader, string Tenant, Guid? Submission)> followers, CancellationToken cancellationToken)
    {
        List<EndedJob> answered = [.. followers
            .Where(f => leaders[f.Leader].State == JobState.Succeeded)
            .Select(f => new EndedJob(f.Id, f.Tenant, JobState.Succeeded, false, f.Submission,
                leaders[f.Leader].Result! with { Source = AnswerSource.Twin, Cache = null, Embedding = null, EmbedderId = null }))];
        Guid[] failed = [.. followers.Select(f => f.Leader).Where(l => leaders[l].State != JobState.Succeeded).Distinct()];
        Commands commands = new Commands(connection).For(Scope.All);
        if (answered.Count > 0)
            commands.Add(TerminalSql.AnswerFollowers, answered.Select(a => a.Id).ToArray());
        if (failed.Length > 0)
            commands.Add(TerminalSql.Promote, failed);
        AddEnds(commands, null, answered);
        await commands.RunAsync(cancellationToken);
    }

    private static void AddEnds(Commands commands, Guid? worker, IReadOnlyList<EndedJob> ended)
    {
        if (ended.Count == 0)
            return;
        Guid[] ids = [.. ended.Select(e => e.Id)];
        EndedJob[] succeeded = [.. ended.Where(e => e.Result is not null)];
        if (succeeded.Length > 0)
        {
            AddResults(commands, succeeded);
            commands.Add(TerminalSql.Usage, succeeded.Select(e => e.Id).ToArray());
        }
        commands.Add(TerminalSql.Events, ids, Parameters.Id(worker)).Add(TerminalSql.Webhooks, ids, s_states);
        Guid[] alone = [.. ended.Where(e => e.Submission is null).Select(e => e.Id)];
        if (alone.Length > 0)
            commands.Add(TerminalSql.Finished, alone);
        if (alone.Length < ids.Length)
            AddTallies(commands, ended);
    }

    private static void AddTallies(Commands commands, IReadOnlyList<EndedJob> ended)
    {
        var bySubmission = ended.Where(e => e.Submission is not null).GroupBy(e => (Submission: e.Submission!.Value, e.Tenant)).ToArray();
        commands.Add(TerminalSql.Tallies, bySubmission.Select(g => g.Key.Submission).ToArray(), bySubmission.Select(g => g.Key.Tenant).ToArray(),
            Count(JobState.Succeeded), Count(JobState.Failed), Count(JobState.Expired), Count(JobState.Cancelled));

        int[] Count(JobState state) => [.. bySubmission.Select(g => g.Count(e => e.State == state))];
    }

    private static void AddResults(Commands commands, EndedJob[] ended)
    {
        JobResult[] results = [.. ended.Select(e => e.Result!)];
        commands.Add(TerminalSql.Results,
            ended.Select(e => e.Id).ToArray(),
            results.Select(r => (short)r.Source).ToArray(),
            results.Select(r => RecordSql.Write(r.Outputs)).ToArray(),
            results.Select(r => r.Usage.PromptTokens).ToArray(),
            results.Select(r => r.Usage.CachedTokens).ToArray(),
            results.Select(r => r.Usage.GeneratedTokens).ToArray(),
            results.Select(r => r.Usage.DraftedTokens).ToArray(),
            results.Select(r => r.Usage.AcceptedTokens).ToArray(),
            results.Select(r => r.Cache?.Tier).ToArray(),
            results.Select(r => r.Cache is { } hit ? JobEnds.EntryId(hit.Entry) : (Guid?)null).ToArray(),
            results.Select(r => r.Cache?.Similarity).ToArray(),
            Parameters.Vectors(results.Select(r => r.Embedding)),
            results.Select(r => r.EmbedderId).ToArray());
    }
}
