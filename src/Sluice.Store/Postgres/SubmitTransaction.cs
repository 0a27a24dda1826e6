using System.Security.Cryptography;
using Npgsql;
using NpgsqlTypes;
using Sluice.Jobs;

namespace Sluice.Store.Postgres;

/// <summary>
/// One submit of any number of jobs, in four round trips, five with twins. Locks are taken in one order by all: idempotency keys, exact keys, leaders by id.
/// Where another transaction ended a leader in between, <see cref="StaleReadException"/> makes the whole run again.
/// </summary>
internal sealed class SubmitTransaction(NpgsqlConnection connection, TenantBacklog backlog, CancellationToken cancellationToken)
{
    public async Task<IReadOnlyList<SubmitResult>> RunAsync(IReadOnlyList<NewJob> jobs)
    {
        Submitted[] all = [.. jobs.Select(j => new Submitted(j))];
        await LookUpAsync(all);
        await RefuseLateAsync(all);
        RefuseBeyondBounds(all);
        await StoreAsync(all);
        Dictionary<Guid, JobRecord> repeated = await ReadRepeatedAsync(all);
        return [.. all.Select(s => new SubmitResult(s.Outcome!.Value, s.Stored ? s.Record() : s.Repeats is { } id && s.Outcome == SubmitOutcome.Replayed ? repeated[id] : null))];
    }

    /// <summary>Repeated keys, answers in the cache, and how full the tenants are.</summary>
    private async Task LookUpAsync(Submitted[] all)
    {
        Submitted[] keyed = [.. all.Where(s => s.Job.IdempotencyKey is not null).DistinctBy(s => (s.Job.Tenant, s.Job.IdempotencyKey))];
        string[] unknown = [.. all.Where(s => s.Job.TenantBound is not null).GroupBy(s => s.Job.Tenant).Where(g => !backlog.Roomy(g.Key, g.Count(), g.Min(s => s.Job.TenantBound!.Value))).Select(g => g.Key)];
        var asked = all.Select((s, i) => (Job: s.Job, Index: i)).Where(a => a.Job.ExactKey is not null || a.Job.Match is not null)
            .GroupBy(a => a.Job.Tenant).OrderBy(g => g.Key, StringComparer.Ordinal).ToArray();
        if (keyed.Length + unknown.Length + asked.Length == 0)
            return;
        Commands commands = new Commands(connection).For(Scope.All);
        if (keyed.Length > 0)
        {
            object?[] arrays = SubmitArrays.Keys([.. keyed.Select(s => s.Job)]);
            commands.Add(SubmitSql.TakeKeys, arrays).Add(SubmitSql.ReadKeys, keyed.Select(s => s.Job.Tenant).ToArray(), keyed.Select(s => s.Job.IdempotencyKey).ToArray());
        }
        foreach (string tenant in unknown)
        {
            commands.Add(SubmitSql.CountQueued, tenant);
        }
        foreach (var tenant in asked)
        {
            commands.For(Scope.Of(tenant.Key)).Add(SubmitSql.FindAnswers,
                tenant.Key,
                tenant.Select(a => a.Index).ToArray(),
                tenant.Select(a => a.Job.Namespace).ToArray(),
                SubmitArrays.Typed([.. tenant.Select(a => a.Job.ExactKey)], NpgsqlDbType.Bytea),
                tenant.Select(a => a.Job.Match?.Entry).ToArray(),
                SubmitArrays.Typed([.. tenant.Select(a => a.Job.Fingerprint)], NpgsqlDbType.Bytea));
        }
        await using Rows rows = await commands.ReadAsync(cancellationToken);
        if (keyed.Length > 0)
        {
            Settle(all, await rows.ListAsync(r => (Key: (r.GetString(0), r.GetString(1)), Hash: r.GetFieldValue<byte[]>(2), Job: r.GetGuid(3)), cancellationToken));
            await rows.NextAsync(cancellationToken);
        }
        foreach (string tenant in unknown)
        {
            backlog.Set(tenant, (await rows.ListAsync(r => r.GetInt64(0), cancellationToken))[0]);
            await rows.NextAsync(cancellationToken);
        }
        foreach (var _ in asked)
        {
            await rows.ListAsync(r => Answer(all[r.GetInt32(0)], r), cancellationToken);
            await rows.NextAsync(cancellationToken);
        }
    }

    /// <summary>A key that stands for another job makes this one a repeat; the first of equal keys in one call stands for the others.</summary>
    private static void Settle(Submitted[] all, List<((string Tenant, string Key) Key, byte[] Hash, Guid Job)> rows)
    {
        var owners = rows.ToDictionary(k => k.Key, k => (k.Hash, k.Job));
        foreach (Submitted submitted in all.Where(s => s.Job.IdempotencyKey is not null))
        {
            if (!owners.TryGetValue((submitted.Job.Tenant, submitted.Job.IdempotencyKey!), out (byte[] Hash, Guid Job) known))
                throw new StaleReadException();
            (byte[] hash, Guid owner) = known;
            if (owner == submitted.Job.Id.Value)
                continue;
            submitted.Outcome = CryptographicOperations.FixedTimeEquals(hash, submitted.Job.RequestHash) ? SubmitOutcome.Replayed : SubmitOutcome.KeyReused;
            submitted.Repeats = owner;
        }
    }

    /// <summary>An exact answer goes before one that only means the same.</summary>
    private static bool Answer(Submitted submitted, NpgsqlDataReader row)
    {
        bool exact = !row.IsDBNull(2) && row.GetBoolean(2);
        if (submitted.Outcome is not null || (submitted.Answer is not null && !exact))
            return false;
        submitted.Answer = new JobResult
        {
            Source = AnswerSource.Cache,
            Cache = new CacheHit { Tier = exact ? "exact" : "semantic", Entry = JobEnds.EntryName(row.GetGuid(1)), Similarity = exact ? 1 : submitted.Job.Match!.Similarity },
            Outputs = RecordSql.ReadOutputs(row.GetString(3)),
            Usage = RecordSql.ReadUsage(row, 4),
            Embedding = submitted.Job.Embedding,
            EmbedderId = submitted.Job.EmbedderId,
        };
        return true;
    }

    /// <summary>One round trip more, only where a job would end too late.</summary>
    private async Task RefuseLateAsync(Submitted[] all)
    {
        Submitted[] late = [.. all.Where(s => s.Outcome is null && s.Answer is null && s.Job.TooLate)];
        Submitted[] keyed = [.. late.Where(s => s.Keyed)];
        if (keyed.Length > 0)
        {
            await using Rows rows = await new Commands(connection).For(Scope.All).Add(SubmitSql.FindTimely,
                keyed.Select(s => s.Job.Tenant).ToArray(),
                keyed.Select(s => s.Job.Namespace).ToArray(),
                SubmitArrays.Typed([.. keyed.Select(s => s.Job.ExactKey)], NpgsqlDbType.Bytea),
                keyed.Select(s => s.Job.Deadline?.ToUniversalTime()).ToArray(),
                keyed.Select(s => s.Job.Ttl).ToArray(),
                Enumerable.Range(0, keyed.Length).ToArray()).ReadAsync(cancellationToken);
            foreach (int position in await rows.ListAsync(r => r.GetInt32(0), cancellationToken))
            {
                keyed[position].Timely = true;
            }
        }
        foreach (Submitted submitted in late.Where(s => !s.Timely))
        {
            submitted.Outcome = SubmitOutcome.TooLate;
        }
        RefuseRepeats(all, SubmitOutcome.TooLate);
    }

    /// <summary>A repeat within the call of a job that was refused is refused with it.</summary>
    private static void RefuseRepeats(Submitted[] all, SubmitOutcome refusal)
    {
        HashSet<Guid> refused = [.. all.Where(s => s.Outcome == refusal).Select(s => s.Job.Id.Value)];
        foreach (Submitted repeat in all.Where(s => s.Repeats is { } owner && refused.Contains(owner)))
        {
            repeat.Outcome = refusal;
        }
    }

    private void RefuseBeyondBounds(Submitted[] all)
    {
        Dictionary<string, int> added = [];
        foreach (Submitted submitted in all.Where(s => s.Outcome is null && s.Answer is null))
        {
            int more = added.GetValueOrDefault(submitted.Job.Tenant);
            if (submitted.Job.TenantBound is { } bound && backlog.Known(submitted.Job.Tenant) + more >= bound)
            {
                submitted.Outcome = SubmitOutcome.TenantFull;
            }
            else
            {
                added[submitted.Job.Tenant] = more + 1;
            }
        }
        RefuseRepeats(all, SubmitOutcome.TenantFull);
    }

    private async Task StoreAsync(Submitted[] all)
    {
        Submitted[] stored = [.. all.Where(s => s.Outcome is null)];
        Submitted[] refused = [.. all.Where(s => s.Outcome is SubmitOutcome.TenantFull or SubmitOutcome.TooLate && s.Job.IdempotencyKey is not null)];
        if (stored.Length + refused.Length == 0)
            return;
        Submitted[] first = [.. stored.Where(s => s.Answer is not null || !s.Keyed)
            .Concat(stored.Where(s => s.Answer is null && s.Keyed).DistinctBy(s => (s.Job.Tenant, s.Job.Namespace, Convert.ToHexString(s.Job.ExactKey!))))];
        var led = first.Where(s => s.Answer is null && s.Keyed).GroupBy(s => s.Job.Tenant).OrderBy(g => g.Key, StringComparer.Ordinal).ToArray();
        Commands commands = new Commands(connection).For(Scope.All);
        if (refused.Length > 0)
            commands.Add(SubmitSql.GiveKeysBack, refused.Select(s => s.Job.Tenant).ToArray(), refused.Select(s => s.Job.IdempotencyKey).ToArray(), refused.Select(s => s.Job.Id.Value).ToArray());
        commands.Add(SubmitSql.InsertInputs, SubmitArrays.Inputs(stored)).Add(SubmitSql.InsertLeaders, SubmitArrays.Jobs(first));
        foreach (var tenant in led)
        {
            commands.For(Scope.Of(tenant.Key)).Add(SubmitSql.AnyAnswered, tenant.Key, tenant.Select(s => s.Job.Namespace).ToArray(),
                SubmitArrays.Typed([.. tenant.Select(s => s.Job.ExactKey)], NpgsqlDbType.Bytea));
        }
        await using (Rows rows = await commands.ReadAsync(cancellationToken))
        {
            Note(first, await rows.ListAsync(ReadStored, cancellationToken));
            foreach (var _ in led)
            {
                await rows.NextAsync(cancellationToken);
                if ((await rows.ListAsync(r => r.GetBoolean(0), cancellationToken))[0])
                    throw new StaleReadException();
            }
        }
        await FollowAsync([.. stored.Where(s => s.Outcome is null)]);
        // taken for the sake of an equal job that would end in time, and that one has ended since, without an answer
        if (stored.Any(s => s is { Job.TooLate: true, Answer: null } && (s.Outcome != SubmitOutcome.Twin || !(s.Eta <= s.Deadline))))
            throw new StaleReadException();
        await TerminalTransaction.RecordAsync(connection, null,
            [.. stored.Where(s => s.Answer is not null).Select(s => new EndedJob(s.Job.Id.Value, s.Job.Tenant, JobState.Succeeded, false, s.Job.Submission, s.Answer))], cancellationToken);
    }

    /// <summary>What found its equal live waits for it.</summary>
    private async Task FollowAsync(Submitted[] followers)
    {
        if (followers.Length == 0)
            return;
        NewJob[] keys = [.. followers.Select(s => s.Job).DistinctBy(j => (j.Tenant, j.Namespace, Convert.ToHexString(j.ExactKey!)))];
        await using Rows rows = await new Commands(connection).For(Scope.All)
            .Add(SubmitSql.LockLeaders, keys.Select(k => k.Tenant).ToArray(), keys.Select(k => k.Namespace).ToArray(), SubmitArrays.Typed([.. keys.Select(k => k.ExactKey)], NpgsqlDbType.Bytea))
            .Add(SubmitSql.InsertFollowers, SubmitArrays.Jobs(followers))
            .Add(SubmitSql.HurryLeaders, followers.Select(s => s.Job.Id.Value).ToArray())
            .ReadAsync(cancellationToken);
        await rows.NextAsync(cancellationToken);
        Note(followers, await rows.ListAsync(ReadStored, cancellationToken));
        if (followers.Any(f => f.Outcome is null))
            throw new StaleReadException();
    }

    private static StoredJob ReadStored(NpgsqlDataReader row) =>
        new(row.GetGuid(0), row.Time(1), row.TimeOrNull(2), row.Id(3), row.TimeOrNull(4), row.IsDBNull(5) ? null : row.GetBoolean(5));

    private static void Note(Submitted[] jobs, List<StoredJob> stored)
    {
        Dictionary<Guid, Submitted> byId = jobs.ToDictionary(s => s.Job.Id.Value);
        foreach (StoredJob row in stored)
        {
            Submitted submitted = byId[row.Id];
            submitted.CreatedAt = row.CreatedAt;
            submitted.Deadline = row.Deadline;
            submitted.WaitsFor = row.WaitsFor;
            submitted.Eta = row.Eta;
            submitted.WillMeetDeadline = row.WillMeet;
            submitted.Outcome = row.WaitsFor is not null ? SubmitOutcome.Twin : submitted.Answer is not null ? SubmitOutcome.CacheHit : SubmitOutcome.Queued;
        }
    }

    private async Task<Dictionary<Guid, JobRecord>> ReadRepeatedAsync(Submitted[] all)
    {
        Guid[] ids = [.. all.Where(s => s.Outcome == SubmitOutcome.Replayed).Select(s => s.Repeats!.Value).Distinct()];
        if (ids.Length == 0)
            return [];
        await using Rows rows = await new Commands(connection).For(Scope.All).Add(RecordSql.Many, ids).ReadAsync(cancellationToken);
        return (await rows.ListAsync(RecordSql.Read, cancellationToken)).ToDictionary(r => r.Id.Value);
    }

    private readonly record struct StoredJob(Guid Id, DateTimeOffset CreatedAt, DateTimeOffset? Deadline, Guid? WaitsFor, DateTimeOffset? Eta, bool? WillMeet);
}
