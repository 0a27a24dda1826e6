using System.Collections.Concurrent;
using System.Globalization;
using Sluice.Chaos.Children;
using Sluice.Chaos.Load;
using Sluice.Store;
using Sluice.Store.Checking;

namespace Sluice.Chaos.Scenarios;

/// <summary>Processes that end by themselves: on a job that kills them, or at a named place.</summary>
internal static class CrashScenarios
{
    private const string Killer = "KILLER";
    private const int CrashesPerKiller = 6; // log2(16) + 2
    private const int JobsPerRun = 50;
    private const int Loads = 4; // of a run, where the process is still there after the one before: how many jobs a transaction takes together is not ours to say
    private const int LinesPerFile = 20;
    private const int Backlog = 1000; // lines: more than two workers run before one is told to stop
    private const int Files = 20; // whichever node is first feeds one

    public static async Task<ChaosReport> PoisonAsync(ChaosOptions options, CancellationToken cancellationToken)
    {
        await using Stage stage = await Stage.StartAsync(options, new FleetOptions { StubCrashOn = Killer }, cancellationToken);
        using CancellationTokenSource enough = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        int crashes = 0;
        Task[] guards = [.. Enumerable.Range(0, stage.Fleet.Workers).Select(worker => GuardAsync(worker))];
        LoadMix mix = new() { Killer = Killer, Killers = options.Kills, Ttl = 0 };
        await stage.LoadAsync(mix.Make(options.Jobs, options.Seed), Scenario.Pace, cancellationToken);
        await Stage.AwaitNoneAsync(stage.Ledger.LiveAsync, TimeSpan.FromMinutes(2), cancellationToken);
        await enough.CancelAsync();
        await Task.WhenAll(guards);
        stage.Count("crashes", crashes);
        List<string> faults = [];
        long poison = (await stage.Ledger.EndsAsync()).GetValueOrDefault("failed:poison");
        if (poison != options.Kills)
        {
            faults.Add($"{poison} of {options.Kills} killers ended as poison");
        }
        if (crashes > CrashesPerKiller * options.Kills)
        {
            faults.Add($"{crashes} crashes, more than {CrashesPerKiller} for a killer");
        }
        return await stage.FinishAsync(crashes, options.Kills, faults, cancellationToken);

        async Task GuardAsync(int worker)
        {
            try
            {
                while (true)
                {
                    await stage.Fleet.Worker(worker).ExitAsync(enough.Token);
                    Interlocked.Increment(ref crashes);
                    await Task.Delay(200, enough.Token);
                    stage.Fleet.StartWorker(worker);
                }
            }
            catch (OperationCanceledException) when (enough.IsCancellationRequested)
            {
                // nothing is left that kills
            }
        }
    }

    /// <summary>Beside a healthy node and worker, nodes of all roles that end at the point, some at once and again and again; half of the calls of each load go to one.</summary>
    public static async Task<ChaosReport> PointsAsync(ChaosOptions options, CancellationToken cancellationToken)
    {
        IReadOnlyList<string> points = options.Points.Count > 0 ? options.Points : Crash.Points;
        options = options with { Jobs = points.Count * options.Seeds * JobsPerRun };
        await using Stage stage = await Stage.StartAsync(options, new FleetOptions { Workers = 1, StubDelay = TimeSpan.FromMilliseconds(50) }, cancellationToken);
        ConcurrentQueue<string> faults = [];
        int hits = 0;
        ParallelOptions lanes = new() { MaxDegreeOfParallelism = options.AtOnce, CancellationToken = cancellationToken };
        foreach (string point in points)
        {
            if (point.StartsWith("webhook", StringComparison.Ordinal) && stage.Receiver is null)
            {
                Stage.Say($"{point}: left out, for there is no private address to receive at");
                continue;
            }
            ConcurrentQueue<int> missed = [];
            await Parallel.ForEachAsync(Enumerable.Range(options.Seed, options.Seeds), lanes, async (seed, stop) =>
            {
                if (!await RunAsync(stage, point, seed, faults, stop))
                {
                    missed.Enqueue(seed);
                }
            });
            hits += options.Seeds - missed.Count;
            if (!missed.IsEmpty)
            {
                stage.Count($"missed_{point}", missed.Count);
            }
            if (missed.Count == options.Seeds)
            {
                faults.Enqueue($"{point} was never reached");
            }
            long live = await Stage.AwaitNoneAsync(stage.Ledger.LiveAsync, TimeSpan.FromSeconds(60), cancellationToken);
            long unsent = await Stage.AwaitNoneAsync(stage.Ledger.UnsentAsync, Stage.WebhookPatience, cancellationToken);
            CheckReport check = await stage.CheckAsync(cancellationToken);
            if (!check.Ok || live + unsent > 0)
            {
                faults.Enqueue($"after {point}: {live} live, {unsent} unsent {string.Join(' ', check.Invariants.SelectMany(i => i.Broken).Select(rule => rule.Rule))}");
            }
            Stage.Say($"{point}: {options.Seeds - missed.Count} of {options.Seeds} hit{(missed.IsEmpty ? "" : $", not with seed {string.Join(", ", missed.Order())}")}{(check.Ok ? "" : ", NOT all invariants hold")}");
        }
        return await stage.FinishAsync(hits, 0, [.. faults], cancellationToken);
    }

    /// <summary>Whether the process ended at the point. Jobs and the time of the crash depend on point and seed alone: twenty seeds may be run in pieces, and one hit again.</summary>
    private static async Task<bool> RunAsync(Stage stage, string point, int seed, ConcurrentQueue<string> faults, CancellationToken cancellationToken)
    {
        bool feeds = point.StartsWith("feed", StringComparison.Ordinal), drains = point.StartsWith("drain", StringComparison.Ordinal);
        int own = (seed * Crash.Points.Count) + Crash.Points.ToList().IndexOf(point);
        JobSpec[] specs = new LoadMix { Ttl = 0, Webhook = 0.5 }.Make(Loads * JobsPerRun, own);
        int nth = new Random(own).Next(1, 1 + Most(point));
        string name = string.Create(CultureInfo.InvariantCulture, $"extra{own}");
        using Child extra = stage.Fleet.StartExtra(name, $"{point}:{nth}", out int port);
        await Fleet.AwaitReadyAsync(port, extra, cancellationToken);
        Task exit = extra.ExitAsync(cancellationToken);
        foreach (JobSpec[] load in specs.Chunk(JobsPerRun))
        {
            await stage.LoadSomeAsync(load, port, cancellationToken);
            if (feeds || drains || await Task.WhenAny(exit, Task.Delay(TimeSpan.FromSeconds(3), cancellationToken)) == exit)
            {
                break;
            }
        }
        for (int file = 0; feeds && file < Files && !extra.HasExited; file++)
        {
            if (await stage.LoadFileAsync($"{specs[0].Key}-file{file}", LinesPerFile, port, cancellationToken) is { } fault)
            {
                faults.Enqueue($"{point}: {fault}");
            }
        }
        Task<string?> backlog = Task.FromResult<string?>(null);
        if (drains)
        {
            backlog = stage.LoadFileAsync($"{specs[0].Key}-backlog", Backlog, stage.Fleet.Front.Port, cancellationToken);
            for (int look = 0; look < 800 && await stage.Ledger.HandOfAsync(name) is not { Held.Length: > 0 }; look++)
            {
                await Task.Delay(10, cancellationToken); // a drain that holds nothing releases nothing
            }
            await extra.SignalAsync("TERM");
        }
        bool ended = await Task.WhenAny(exit, Task.Delay(TimeSpan.FromSeconds(drains ? 25 : 8), cancellationToken)) == exit;
        bool hit = ended && extra.ExitCode == 137;
        if (!ended)
        {
            await extra.SignalAsync("TERM");
            await exit;
        }
        if (await backlog is { } broken)
        {
            faults.Enqueue($"{point}: {broken}");
        }
        return hit;
    }

    /// <summary>How often the point is surely come to within a run.</summary>
    private static int Most(string point) => point.Split('_')[0] switch
    {
        "register" or "drain" => 1,
        "webhook" or "reserve" or "reconcile" => 2,
        _ => 4,
    };
}
