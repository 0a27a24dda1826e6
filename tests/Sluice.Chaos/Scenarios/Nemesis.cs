using Sluice.Chaos.Children;
using Sluice.Chaos.Faults;

namespace Sluice.Chaos.Scenarios;

/// <summary>What may be killed.</summary>
internal enum Victim
{
    Worker,
    Broker,
    Database,
    Api,
}

/// <summary>Does harm, by a seed. Kills come when so much of the load has been accepted, so that there is always something to lose.</summary>
internal sealed class Nemesis(Stage stage, int seed)
{
    private readonly Random _random = new(seed);
    private readonly Random _trouble = new(seed + 1);
    private const int Api = -1;
    private readonly HashSet<int> _taken = [];

    /// <summary>60 % workers, 20 % broker, 20 % database, shuffled.</summary>
    public static Victim[] Mixed(int kills, int seed)
    {
        int broker = kills / 5, database = kills / 5;
        Victim[] victims = [.. Enumerable.Repeat(Victim.Broker, broker), .. Enumerable.Repeat(Victim.Database, database), .. Enumerable.Repeat(Victim.Worker, kills - broker - database)];
        new Random(seed).Shuffle(victims);
        return victims;
    }

    /// <summary>Starts again what ended by itself: a process whose database is away at its start does.</summary>
    public async Task GuardAsync(CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            for (int worker = 0; worker < stage.Fleet.Workers; worker++)
            {
                if (TryTake(worker))
                {
                    if (stage.Fleet.Worker(worker).HasExited)
                    {
                        stage.Count("started_again");
                        stage.Fleet.StartWorker(worker);
                    }
                    Give(worker);
                }
            }
            if (TryTake(Api))
            {
                if (stage.Fleet.Api.HasExited)
                {
                    stage.Count("started_again");
                    stage.Fleet.StartApi();
                }
                Give(Api);
            }
            await Task.Delay(TimeSpan.FromSeconds(1), stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    public async Task KillAsync(IReadOnlyList<Victim> victims, bool wipe, CancellationToken cancellationToken)
    {
        for (int i = 0; i < victims.Count; i++)
        {
            await stage.ReachAsync((i + 1.0) / (victims.Count + 1), (i + 2.0) / (victims.Count + 1), cancellationToken);
            await KillOneAsync(victims[i], wipe, cancellationToken);
            if (i % 10 == 9)
            {
                await KillOneAsync(Victim.Api, wipe, cancellationToken);
                Stage.Say($"{i + 1} kills, {stage.Log.Accepted} accepted");
            }
        }
        stage.Ceiling = int.MaxValue;
    }

    private async Task KillOneAsync(Victim victim, bool wipe, CancellationToken cancellationToken)
    {
        TimeSpan away = TimeSpan.FromSeconds(_random.NextDouble() * (victim == Victim.Worker ? 5 : 1.5));
        stage.Count($"kills_{victim.ToString().ToLowerInvariant()}");
        switch (victim)
        {
            case Victim.Worker:
                int worker = Take(_random);
                Hand? before = await AwaitWorkAsync(worker, cancellationToken);
                await stage.Fleet.Worker(worker).KillAsync();
                await stage.NoteKillAsync(worker, before);
                await Task.Delay(away, cancellationToken);
                stage.Fleet.StartWorker(worker);
                Give(worker);
                break;
            case Victim.Api:
                TryTake(Api);
                await stage.Fleet.Api.KillAsync();
                await Task.Delay(away, cancellationToken);
                stage.Fleet.StartApi();
                Give(Api);
                break;
            case Victim.Broker:
                await stage.Servers.KillBrokerAsync();
                if (wipe)
                {
                    stage.Servers.WipeBroker();
                }
                await Task.Delay(away, cancellationToken);
                await stage.Servers.UpAsync();
                break;
            case Victim.Database:
                await stage.Servers.KillDatabaseAsync();
                await Task.Delay(away, cancellationToken);
                await stage.Servers.UpAsync();
                break;
        }
    }

    /// <summary>A kill that finds nothing running proves little: waits for something to lose, for a few seconds. What was seen last.</summary>
    private async Task<Hand?> AwaitWorkAsync(int worker, CancellationToken cancellationToken)
    {
        Hand? hand = null;
        for (int attempt = 0; attempt < 40; attempt++)
        {
            hand = await stage.Ledger.HandOfAsync(Fleet.WorkerName(worker)) ?? hand;
            if (hand is { Running.Length: > 0 })
            {
                break;
            }
            await Task.Delay(50, cancellationToken);
        }
        return hand;
    }

    /// <summary>Bad connections and stopped workers, one after the other, until told to end; leaves all in order.</summary>
    public async Task TroubleAsync(CancellationToken stop)
    {
        try
        {
            while (true)
            {
                await Task.Delay(TimeSpan.FromSeconds(1 + (3 * _trouble.NextDouble())), stop);
                if (_trouble.Next(6) == 0)
                {
                    await PauseAsync(TimeSpan.FromSeconds(4.5), stop);
                }
                else
                {
                    await SpoilAsync(stage.Fleet.Behind[_trouble.Next(stage.Fleet.Behind.Count)], stop);
                }
            }
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // enough
        }
    }

    private async Task SpoilAsync(TcpProxy proxy, CancellationToken stop)
    {
        Toxics toxics = proxy.Toxics;
        try
        {
            switch (_trouble.Next(4))
            {
                case 0:
                    stage.Count("cuts");
                    proxy.Cut();
                    return;
                case 1:
                    stage.Count("half_open");
                    toxics.Swallow();
                    await Task.Delay(TimeSpan.FromSeconds(1 + (5 * _trouble.NextDouble())), stop);
                    proxy.Cut();
                    return;
                case 2:
                    stage.Count("latency");
                    toxics.Latency = TimeSpan.FromMilliseconds(_trouble.Next(10, 200));
                    break;
                default:
                    stage.Count("slow");
                    toxics.BytesPerSecond = _trouble.Next(20_000, 200_000);
                    break;
            }
            await Task.Delay(TimeSpan.FromSeconds(3 * _trouble.NextDouble()), stop);
        }
        finally
        {
            toxics.Heal();
        }
    }

    /// <summary>SIGSTOP past the heartbeat, then SIGCONT: a zombie that still believes in its jobs.</summary>
    public async Task PauseAsync(TimeSpan time, CancellationToken stop)
    {
        int worker = Take(_trouble);
        stage.Count("zombies");
        Child child = stage.Fleet.Worker(worker);
        try
        {
            await child.SignalAsync("STOP");
            await Task.Delay(time, stop);
        }
        finally
        {
            await child.SignalAsync("CONT");
            Give(worker);
        }
    }

    /// <summary>A worker that nobody else does harm to at the moment.</summary>
    private int Take(Random random)
    {
        lock (_taken)
        {
            int[] free = [.. Enumerable.Range(0, stage.Fleet.Workers).Where(worker => !_taken.Contains(worker))];
            int worker = free[random.Next(free.Length)];
            _taken.Add(worker);
            return worker;
        }
    }

    private bool TryTake(int worker)
    {
        lock (_taken)
        {
            return _taken.Add(worker);
        }
    }

    private void Give(int worker)
    {
        lock (_taken)
        {
            _taken.Remove(worker);
        }
    }
}
