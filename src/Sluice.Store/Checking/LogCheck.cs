using System.Security.Cryptography;
using System.Text;
using Sluice.Jobs;
using Sluice.Store.Postgres;

namespace Sluice.Store.Checking;

/// <summary>Compares what callers and receivers saw with what the database says. Trusts the log about them, and nobody about the service.</summary>
internal sealed class LogCheck(CheckSession session, Findings findings, ClientLog log, CheckOptions options)
{
    private const int PerStatement = 2000;

    /// <summary>$1 tenants, $2 keys.</summary>
    private const string ByKey = """
        select n.tenant, n.key, k.job, j.id is not null from unnest($1::text[], $2::text[]) n(tenant, key)
        join idempotency_keys k on k.tenant = n.tenant and k.key = n.key left join jobs j on j.id = k.job
        """;

    /// <summary>$1 ids.</summary>
    private const string ById = """
        select j.id, j.state, r.outputs, exists (select from webhook_deliveries d where d.job = j.id and d.endpoint is null and d.state = 1)
        from jobs j left join results r on r.job = j.id where j.id = any($1)
        """;

    /// <summary>$1 tenant, $2 text: where another tenant's rows hold it.</summary>
    private const string Canary = """
        select r.job from results r where r.tenant <> $1 and position($2 in r.outputs) > 0
        union select j.id from jobs j where j.tenant <> $1 and position($2 in j.error_message) > 0
        union select d.job from webhook_deliveries d where d.tenant <> $1 and position($2 in convert_from(d.body, 'UTF8')) > 0
        """;

    /// <summary>$1 tenant whose scope is set, $2 text.</summary>
    private const string CanaryInCache = "select c.source_job from cache_entries c where c.tenant = $1 and position($2 in c.outputs) > 0";

    private readonly Dictionary<(string Tenant, string Key), Told> _keys = [];
    private readonly Dictionary<Guid, Stored> _jobs = [];
    private readonly HashSet<Guid> _heard = [];

    // Of these nothing is known: the statement that asked for them ran out of time.
    private readonly HashSet<(string Tenant, string Key)> _keysNotAsked = [];
    private readonly HashSet<Guid> _jobsNotAsked = [];

    /// <summary>How many submits were never answered and had taken effect all the same; null where not every key was asked for.</summary>
    public async Task<long?> RunAsync(CancellationToken cancellationToken)
    {
        Gather();
        Dictionary<(string, string), (Guid Job, bool There)> byKey = await FindKeysAsync(cancellationToken);
        await FindJobsAsync([.. _keys.Values.SelectMany(told => told.Ids).Concat(byKey.Values.Select(known => known.Job)).Concat(Lines("result").Select(l => l.Id!).Select(Id)).Concat(_heard).Distinct()], cancellationToken);
        long recovered = 0;
        foreach (((string Tenant, string Key) key, Told told) in _keys)
        {
            bool known = byKey.TryGetValue(key, out (Guid Job, bool There) found);
            CheckKey(key, told, known ? found.Job : null, known && found.There);
            recovered += known && found.There && told.Ids.Count == 0 && !told.Confirmed ? 1 : 0;
        }
        CheckResults();
        CheckWebhooks();
        await CheckCanariesAsync(cancellationToken);
        return _keysNotAsked.Count > 0 ? null : recovered;
    }

    private IEnumerable<LogLine> Lines(string kind) => log.Lines.Where(line => line.Event == kind);

    private static Guid Id(string text) => JobId.TryParse(text, out JobId id) ? id.Value : throw new FormatException($"'{text}' is no job's id.");

    private void Gather()
    {
        foreach (LogLine line in log.Lines.Where(line => line.Key is not null))
        {
            if (!_keys.TryGetValue((line.Tenant, line.Key!), out Told? told))
                _keys[(line.Tenant, line.Key!)] = told = new Told();
            told.Expect = line.Expect ?? told.Expect;
            told.Webhook |= line.Webhook;
            told.Confirmed |= line.Event == "confirmed";
            told.Rejected |= line.Event == "rejected";
            if (line.Event == "accepted")
                told.Ids.Add(Id(line.Id!));
        }
        _heard.UnionWith(Lines("webhook").Select(line => Id(line.Job!)));
    }

    private void CheckKey((string Tenant, string Key) key, Told told, Guid? stored, bool there)
    {
        if (told.Ids.Count > 1)
            findings.Add(2, "one_key_two_ids", key.Key);
        if (told.Rejected && told.Ids.Count == 0 && there)
            findings.Add(2, "rejected_and_stored", key.Key);
        foreach (Guid id in told.Ids.Where(id => !_jobs.ContainsKey(id) && !_jobsNotAsked.Contains(id)))
        {
            findings.Add(2, "accepted_and_lost", new JobId(id).ToString());
        }
        if (told.Ids.Count == 0 && told.Confirmed && !told.Rejected && !there && !_keysNotAsked.Contains(key))
            findings.Add(2, "confirmed_and_lost", key.Key);
        Guid? mine = told.Ids.Count > 0 ? told.Ids.First() : stored;
        if (mine is not { } job || !_jobs.TryGetValue(job, out Stored? row))
            return;
        if (options.Drained && row.State < 2)
            findings.Add(1, "accepted_and_not_ended", new JobId(job).ToString());
        if (told.Expect is { } expect && row.Answer is { } answer && !answer.Equals(expect, StringComparison.OrdinalIgnoreCase))
            findings.Add(4, "wrong_answer_stored", new JobId(job).ToString());
        if (told.Webhook && row.Told && !_heard.Contains(job))
            findings.Add(6, "delivered_and_never_heard", new JobId(job).ToString());
    }

    private void CheckResults()
    {
        ILookup<Guid, string?> keysOf = _keys.Values.SelectMany(told => told.Ids.Select(id => (id, told.Expect))).ToLookup(pair => pair.id, pair => pair.Expect);
        foreach (IGrouping<Guid, string?> shared in keysOf.Where(keys => keys.Count() > 1))
            findings.Add(2, "two_keys_one_id", new JobId(shared.Key).ToString());
        foreach (IGrouping<string, LogLine> seen in Lines("result").GroupBy(line => line.Id!))
        {
            Guid id = Id(seen.Key);
            string[] ends = [.. seen.Select(l => l.State!).Where(state => state is not ("queued" or "running")).Distinct()];
            if (ends.Length > 1)
                findings.Add(1, "two_ends_were_seen", seen.Key);
            if (ends.Length == 1 && _jobs.TryGetValue(id, out Stored? row) && row.Label != ends[0])
                findings.Add(1, "another_end_was_seen", seen.Key);
            string[] answers = [.. seen.Where(l => l.Answer is not null).Select(l => l.Answer!.ToLowerInvariant()).Distinct()];
            if (answers.Length > 1)
                findings.Add(3, "two_answers_were_seen", seen.Key);
            if (answers.Length == 1 && keysOf[id].Any(expect => expect is not null && !answers[0].Equals(expect, StringComparison.OrdinalIgnoreCase)))
                findings.Add(4, "wrong_answer_seen", seen.Key);
        }
    }

    private void CheckWebhooks()
    {
        foreach (IGrouping<string, LogLine> heard in Lines("webhook").GroupBy(line => line.Id!))
        {
            if (heard.Select(l => (l.Body, l.Job, l.Type)).Distinct().Count() > 1)
                findings.Add(6, "other_bytes_the_second_time", heard.Key);
            if (heard.Any(l => !l.Verified))
                findings.Add(6, "signature_does_not_verify", heard.Key);
        }
        foreach (IGrouping<string, LogLine> heard in Lines("webhook").GroupBy(line => line.Job!))
        {
            if (heard.Select(l => l.Id).Distinct().Count() > heard.Select(l => l.Type).Distinct().Count())
                findings.Add(6, "two_ids_for_one_end", heard.Key);
            if (_jobs.TryGetValue(Id(heard.Key), out Stored? row) && heard.Any(l => l.Type != $"job.{row.Label}"))
                findings.Add(6, "told_another_end", heard.Key);
        }
    }

    private async Task CheckCanariesAsync(CancellationToken cancellationToken)
    {
        LogLine[] canaries = [.. Lines("canary").DistinctBy(line => (line.Tenant, line.Text))];
        if (canaries.Length == 0)
            return;
        List<string>? tenants = await session.ListAsync(CheckRules.Tenants, [], r => r.GetString(0), cancellationToken);
        bool asked = tenants is not null;
        foreach (LogLine canary in canaries)
        {
            asked &= Add(await session.ListAsync(Canary, [canary.Tenant, canary.Text!], r => r.GetGuid(0), cancellationToken));
            foreach (string other in (tenants ?? []).Where(tenant => tenant != canary.Tenant))
            {
                await session.ServeAsync(other, cancellationToken);
                asked &= Add(await session.ListAsync(CanaryInCache, [other, canary.Text!], r => r.GetGuid(0), cancellationToken));
            }
            await session.ServeAsync(Scope.All, cancellationToken);
        }
        if (!asked)
            findings.NotChecked(10, "canary_with_another_tenant: no answer in time");

        bool Add(List<Guid>? rows)
        {
            findings.Add(10, "canary_with_another_tenant", rows?.Count ?? 0, (rows ?? []).Select(id => new JobId(id).ToString()));
            return rows is not null;
        }
    }

    private async Task<Dictionary<(string, string), (Guid Job, bool There)>> FindKeysAsync(CancellationToken cancellationToken)
    {
        Dictionary<(string, string), (Guid, bool)> found = [];
        foreach ((string Tenant, string Key)[] some in _keys.Keys.Chunk(PerStatement))
        {
            var rows = await session.ListAsync(ByKey, [some.Select(k => k.Tenant).ToArray(), some.Select(k => k.Key).ToArray()],
                r => (Key: (r.GetString(0), r.GetString(1)), Job: (r.GetGuid(2), r.GetBoolean(3))), cancellationToken);
            if (rows is null)
            {
                NotChecked("the log's keys");
                _keysNotAsked.UnionWith(some);
            }
            foreach (var row in rows ?? [])
            {
                found[row.Key] = row.Job;
            }
        }
        return found;
    }

    private async Task FindJobsAsync(Guid[] ids, CancellationToken cancellationToken)
    {
        foreach (Guid[] some in ids.Chunk(PerStatement))
        {
            var rows = await session.ListAsync(ById, [some], r => (Id: r.GetGuid(0), Job: new Stored(r.GetInt16(1), r.Text(2) is { } outputs ? Hash(outputs) : null, r.GetBoolean(3))), cancellationToken);
            if (rows is null)
            {
                NotChecked("the log's jobs");
                _jobsNotAsked.UnionWith(some);
            }
            foreach (var row in rows ?? [])
            {
                _jobs[row.Id] = row.Job;
            }
        }
    }

    /// <summary>Keys and jobs are what these four are asked of.</summary>
    private void NotChecked(string what)
    {
        foreach (int invariant in (int[])[1, 2, 4, 6])
            findings.NotChecked(invariant, $"{what}: no answer in time");
    }

    private static string Hash(string outputs) =>
        Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(string.Join('\n', RecordSql.ReadOutputs(outputs).Select(output => output.Text)))));

    /// <summary>What the log says of one key.</summary>
    private sealed class Told
    {
        public HashSet<Guid> Ids { get; } = [];
        public string? Expect { get; set; }
        public bool Webhook { get; set; }
        public bool Confirmed { get; set; }
        public bool Rejected { get; set; }
    }

    /// <param name="State">By number.</param>
    /// <param name="Answer">Hash of its texts; null where it has none.</param>
    /// <param name="Told">Its own webhook was delivered.</param>
    private sealed record Stored(short State, string? Answer, bool Told)
    {
        public string Label => ((JobState)State).ToString().ToLowerInvariant();
    }
}
