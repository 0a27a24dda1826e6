using Sluice.Chaos.Children;
using Sluice.Chaos.Load;
using Sluice.Store.Checking;

namespace Sluice.Chaos.Scenarios;

/// <summary>A whole service of this run's own, the load on it, and what is asked when all is over.</summary>
internal sealed class Stage : IAsyncDisposable
{
    private const int Canaries = 20; // jobs whose words no other tenant may have
    private static readonly TimeSpan s_settle = TimeSpan.FromSeconds(60);

    /// <summary>A webhook whose sender died: a lease of a minute, and a failed try more.</summary>
    public static readonly TimeSpan WebhookPatience = TimeSpan.FromSeconds(120);

    /// <summary>Of the counts: seconds in which no job ended.</summary>
    public const string LongestPause = "longest_pause_s";

    private static readonly TimeSpan s_recovery = TimeSpan.FromSeconds(40); // the aim
    private static readonly TimeSpan s_statement = TimeSpan.FromMinutes(5); // a hundred thousand jobs on a crowded machine
    private readonly long _start = TimeProvider.System.GetTimestamp();
    private readonly List<Hand> _hands = [];
    private readonly Dictionary<string, double> _counts = [];
    private Callers? _callers;
    private Producer? _producer;
    private int _unsubmitted;

    private Stage(ChaosOptions options, string folder, FleetOptions fleet)
    {
        Options = options;
        Folder = folder;
        Servers = new Servers(Environment.GetEnvironmentVariable("CHAOS_REPOSITORY")!, Path.Combine(folder, "run"), Ports.FreeFive());
        Fleet = new Fleet(folder, Servers, fleet, options.Seed);
        Log = new SeenLog(Path.Combine(folder, "seen.jsonl"));
        Ledger = new Ledger(Servers.Database(Servers.DatabasePort, "sluice_service"));
    }

    public ChaosOptions Options { get; }
    public string Folder { get; }
    public Servers Servers { get; }
    public Fleet Fleet { get; }
    public SeenLog Log { get; }
    public Ledger Ledger { get; }
    public Receiver? Receiver { get; private set; }

    /// <summary>Jobs that may be sent before whoever does harm says more: a load that ran ahead would leave the last faults nothing to break.</summary>
    public int Ceiling { get; set; } = int.MaxValue;

    /// <summary>Share of the load that was accepted, 0 to 1.</summary>
    public double Progress => (double)Log.Accepted / Options.Jobs;

    public static async Task<Stage> StartAsync(ChaosOptions options, FleetOptions fleet, CancellationToken cancellationToken)
    {
        Stage stage = new(options, Environment.GetEnvironmentVariable("CHAOS_FOLDER")!, fleet);
        Say($"{options.Scenario}, seed {options.Seed}: {options.Jobs} jobs in {stage.Folder}");
        await stage.Servers.UpAsync();
        await stage.Fleet.MigrateAsync();
        stage.Receiver = await Receiver.StartAsync(stage.Log, options.Seed);
        await stage.Fleet.StartAsync(cancellationToken);
        stage._callers = new Callers([stage.Fleet.Front.Port], stage.Log, stage.Receiver?.Url);
        stage._producer = new Producer(Servers.Broker(stage.Servers.BrokerPort), stage.Log);
        stage.Receiver?.Trust(await stage._callers.SecretAsync(cancellationToken));
        Say(stage.Receiver is null ? "up; no private address to be had, so no webhooks" : "up");
        return stage;
    }

    /// <summary>Waits until this share of the load is accepted; no more than <paramref name="further"/> is sent meanwhile.</summary>
    public async Task ReachAsync(double share, double further, CancellationToken cancellationToken)
    {
        Ceiling = (int)(Options.Jobs * further);
        while (Progress < share)
        {
            await Task.Delay(50, cancellationToken);
        }
    }

    public static void Say(string line) => Console.Error.WriteLine($"chaos: {line}");

    /// <summary>Sends the jobs, so many a second at most; returns when the last was answered.</summary>
    public async Task LoadAsync(IReadOnlyList<JobSpec> specs, double perSecond, CancellationToken cancellationToken)
    {
        await Answers.FillAsync(specs);
        foreach (JobSpec spec in specs.Where(spec => !spec.Shared).Take(Canaries))
        {
            Log.Canary(spec);
        }
        long start = TimeProvider.System.GetTimestamp();
        List<Task> open = [];
        using SemaphoreSlim room = new(256);
        foreach (JobSpec spec in specs)
        {
            TimeSpan due = TimeSpan.FromSeconds(spec.Index / perSecond) - TimeProvider.System.GetElapsedTime(start);
            if (due > TimeSpan.FromMilliseconds(5))
            {
                await Task.Delay(due, cancellationToken);
            }
            while (spec.Index > Ceiling)
            {
                await Task.Delay(50, cancellationToken);
            }
            await room.WaitAsync(cancellationToken);
            open.Add(Task.Run(async () =>
            {
                try
                {
                    if (!await (spec.Bus ? _producer!.SubmitAsync(spec, cancellationToken) : _callers!.SubmitAsync(spec, cancellationToken)))
                    {
                        Interlocked.Increment(ref _unsubmitted);
                    }
                }
                finally
                {
                    room.Release();
                }
            }, cancellationToken));
        }
        Task all = Task.WhenAll(open);
        while (await Task.WhenAny(all, Task.Delay(TimeSpan.FromSeconds(5), cancellationToken)) != all)
        {
            Say($"{Log.Accepted} accepted, {open.Count(task => !task.IsCompleted)} on their way");
        }
        await all;
    }

    /// <summary>Sends the jobs at once; those over HTTP first to a node that may be gone any moment, then to the other.</summary>
    public async Task LoadSomeAsync(IReadOnlyList<JobSpec> specs, int port, CancellationToken cancellationToken)
    {
        await Answers.FillAsync(specs);
        using Callers callers = new([port, Fleet.Front.Port], Log, Receiver?.Url);
        bool[] accepted = await Task.WhenAll(specs.Select(spec => spec.Bus ? _producer!.SubmitAsync(spec, cancellationToken) : callers.SubmitAsync(spec, cancellationToken)));
        Interlocked.Add(ref _unsubmitted, accepted.Count(one => !one));
    }

    /// <summary>Sends a file of jobs, first to a node that may be gone any moment, then to the other, and waits for its end; what is wrong with it, or null.</summary>
    public async Task<string?> LoadFileAsync(string key, int lines, int port, CancellationToken cancellationToken)
    {
        using Callers callers = new([port, Fleet.Front.Port], Log, null);
        string? id = await callers.SubmitFileAsync(key, lines, cancellationToken);
        return id is null || await callers.FileSucceedsAsync(id, lines, cancellationToken) ? null : $"{lines} jobs of {id} did not succeed";
    }

    /// <summary>What a worker that was just killed had in hand counts for the recovery figures; where the database is away, what was seen <paramref name="before"/>.</summary>
    public async Task NoteKillAsync(int worker, Hand? before)
    {
        Hand? hand = await Ledger.HandOfAsync(Fleet.WorkerName(worker)) ?? before;
        if (hand is not { Running.Length: > 0 })
        {
            Count(hand is null ? "kills_unmeasured" : "kills_of_idle");
        }
        if (hand is not null)
        {
            lock (_hands)
            {
                _hands.Add(hand);
            }
        }
    }

    public void Count(string what, double more = 1)
    {
        lock (_counts)
        {
            _counts[what] = _counts.GetValueOrDefault(what) + more;
        }
    }

    public void Longest(string what, double seconds)
    {
        lock (_counts)
        {
            _counts[what] = Math.Max(_counts.GetValueOrDefault(what), Math.Round(seconds, 2));
        }
    }

    /// <summary>Waits for the end of all jobs, at most 60 s beyond the work that is left, then asks the checker.</summary>
    public async Task<ChaosReport> FinishAsync(int kills, int innocents, IReadOnlyList<string> faults, CancellationToken cancellationToken)
    {
        foreach (Faults.TcpProxy proxy in Fleet.Behind.Append(Fleet.Front))
        {
            proxy.Toxics.Heal();
            Count("answers_lost", proxy.Lost);
            proxy.Toxics.LoseAnswer = 0;
        }
        Count("unanswered", _callers!.Again);
        Count("refused_p99_s", Percentile(_callers.Refusals(), 0.99) ?? 0);
        Say("healed; waiting for the end of all jobs");
        // what only the broker has yet is no job that could be waited for; where it does not come, the checker says so
        await AwaitNoneAsync(async () => Math.Max(0, Log.ByBroker - await Ledger.FromBusAsync()), s_settle, cancellationToken);
        long stuck = await AwaitNoneAsync(Ledger.LiveAsync, s_settle, cancellationToken);
        long unsent = await AwaitNoneAsync(Ledger.UnsentAsync, WebhookPatience, cancellationToken);
        if (!await _callers.ReadAllAsync(cancellationToken))
        {
            faults = [.. faults, "what callers can see could not all be read"];
        }
        faults = [.. faults, .. await LeftAsync(cancellationToken)];
        CheckReport check = await CheckAsync(cancellationToken);
        Dictionary<string, long> ends = await Ledger.EndsAsync();
        double[] recoveries = await RecoveriesAsync(hand => hand.Running, s_recovery), held = await RecoveriesAsync(hand => hand.Held, TimeSpan.MaxValue);
        Longest(LongestPause, await Ledger.LongestPauseAsync());
        Count("mean_runs", await Ledger.MeanRunsAsync());
        Count("held_ended_p50_s", Percentile(held, 0.5) ?? 0);
        Count("held_ended_p99_s", Percentile(held, 0.99) ?? 0);
        long failed = ends.Where(end => end.Key.StartsWith("failed", StringComparison.Ordinal)).Sum(end => end.Value);
        long innocent = Math.Max(0, failed - innocents);
        string[] broken = [.. check.Invariants.SelectMany(i => i.Broken.Select(rule => $"{i.Id}:{rule.Rule}={rule.Violations} {string.Join(' ', rule.Examples.Take(3))}").Concat(i.NotChecked.Select(rule => $"{i.Id}? {rule}"))), .. faults];
        if (_unsubmitted > 0)
        {
            broken = [.. broken, $"not accepted={_unsubmitted}"];
        }
        return new ChaosReport
        {
            Scenario = Options.Scenario,
            Seed = Options.Seed,
            Ok = check.Ok && stuck == 0 && unsent == 0 && innocent == 0 && _unsubmitted == 0 && faults.Count == 0,
            Jobs = Log.Accepted,
            Kills = kills,
            Lost = Sum(check, "accepted_and_lost", "confirmed_and_lost", "key_without_its_job", "live_without_input"),
            Duplicated = Sum(check, "ended_twice", "second_job_of_a_key", "one_key_two_ids", "told_twice", "two_ids_for_one_end", "two_ends_were_seen", "two_answers_were_seen", "result_without_success", "result_of_another_claim"),
            Wrong = Sum(check, "empty_answer", "wrong_answer_stored", "wrong_answer_seen") + innocent,
            Stuck = stuck,
            StaleDiscarded = await Fleet.StaleAsync(),
            RecoveryP50S = Percentile(recoveries, 0.5),
            RecoveryP99S = Percentile(recoveries, 0.99),
            Recoveries = recoveries.Length,
            Seconds = Math.Round(TimeProvider.System.GetElapsedTime(_start).TotalSeconds, 1),
            Succeeded = ends.GetValueOrDefault("succeeded"),
            Failed = failed,
            Expired = ends.GetValueOrDefault("expired"),
            Cancelled = ends.GetValueOrDefault("cancelled"),
            Recovered = check.Recovered ?? 0,
            WastedCompute = check.WastedCompute,
            Broken = broken,
            Counts = new SortedDictionary<string, double>(_counts.Concat(ends.Where(end => end.Key.Contains(':', StringComparison.Ordinal)).Select(end => new KeyValuePair<string, double>(end.Key, end.Value))).ToDictionary(), StringComparer.Ordinal),
        };
    }

    /// <summary>What the servers still have of it when all is over: messages, and transactions that nobody ends.</summary>
    private async Task<IReadOnlyList<string>> LeftAsync(CancellationToken cancellationToken)
    {
        IReadOnlyList<string> queues = [];
        await AwaitNoneAsync(async () => (queues = await Servers.FullQueuesAsync()).Count, s_settle, cancellationToken);
        long open = await AwaitNoneAsync(Ledger.OpenTransactionsAsync, s_settle, cancellationToken);
        IEnumerable<string> left = queues.Select(queue => $"left in a queue: {queue}");
        return open == 0 ? [.. left] : [.. left, $"{open} transactions left open"];
    }

    public async Task<CheckReport> CheckAsync(CancellationToken cancellationToken)
    {
        Log.Flush();
        using StreamReader reader = new(new FileStream(Log.Path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite));
        ClientLog log = await ClientLog.ReadAsync(reader, cancellationToken);
        return await JobCheck.RunAsync(new CheckOptions { ConnectionString = Ledger.ConnectionString, Log = log, Drained = true, StuckAfter = s_settle, StatementTimeout = s_statement }, cancellationToken);
    }

    /// <summary>Waits until none is left, or until nothing has changed for the time given; how many are left.</summary>
    public static async Task<long> AwaitNoneAsync(Func<Task<long>> left, TimeSpan patience, CancellationToken cancellationToken)
    {
        long before = long.MaxValue, since = TimeProvider.System.GetTimestamp();
        while (true)
        {
            long now = before;
            try
            {
                now = await left();
            }
            catch (Exception e) when (Ledger.IsAway(e))
            {
                // it is coming back
            }
            if (now == 0 || TimeProvider.System.GetElapsedTime(since) > patience)
            {
                return now;
            }
            if (now < before)
            {
                (before, since) = (now, TimeProvider.System.GetTimestamp());
            }
            await Task.Delay(100, cancellationToken);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await Fleet.DisposeAsync();
        _callers?.Dispose();
        _producer?.Dispose();
        if (Receiver is not null)
        {
            await Receiver.DisposeAsync();
        }
        await Servers.DownAsync();
        Servers.Dispose();
        Log.Dispose();
    }

    private static long Sum(CheckReport check, params string[] rules) => check.Invariants.SelectMany(i => i.Broken).Where(rule => rules.Contains(rule.Rule)).Sum(rule => rule.Violations);

    /// <summary>
    /// Seconds to the end of the last of these jobs, for each kill that had some, in order; those above <paramref name="aim"/> are told. One after the other: hundreds of kills at once would be more
    /// connections than the database has.
    /// </summary>
    private async Task<double[]> RecoveriesAsync(Func<Hand, Guid[]> jobs, TimeSpan aim)
    {
        List<double> seconds = [];
        foreach (Hand hand in _hands.Where(hand => jobs(hand).Length > 0))
        {
            double took = await Ledger.RecoveryAsync(hand.At, jobs(hand));
            seconds.Add(took);
            if (took > aim.TotalSeconds)
            {
                Say($"killed at {hand.At:HH:mm:ss.fff}: {took:F1} s until its {jobs(hand).Length} jobs had ended");
            }
        }
        return [.. seconds.Order()];
    }

    private static double? Percentile(double[] sorted, double share) =>
        sorted.Length == 0 ? null : Math.Round(sorted[Math.Min(sorted.Length - 1, (int)Math.Ceiling(share * sorted.Length) - 1)], 2);
}
