using System.Globalization;
using Sluice.Chaos.Children;
using Sluice.Chaos.Load;

namespace Sluice.Chaos.Scenarios;

/// <summary>
/// Database and broker on small disks, one each, that fill up under load and are emptied again: the database's to the last byte, the broker's far below its limit, from where on it
/// takes nothing. (A broker that loses its last byte to others loses queues: ops/runbooks/broker.md.)
/// </summary>
internal static class DiskScenario
{
    private const int Megabytes = 1024;
    private const int BrokerKeeps = 64; // of its limit of 512 MB
    private const string Ballast = "ballast";
    private static readonly TimeSpan s_full = TimeSpan.FromSeconds(12); // past the time-out of a publish

    public static async Task<ChaosReport> RunAsync(ChaosOptions options, CancellationToken cancellationToken)
    {
        string run = Path.Combine(Environment.GetEnvironmentVariable("CHAOS_FOLDER")!, "run"), database = Path.Combine(run, "pg"), broker = Path.Combine(run, "mq");
        await MountAsync(database);
        await MountAsync(broker);
        await using Stage stage = await Stage.StartAsync(options, new FleetOptions(), cancellationToken);
        Task load = stage.LoadAsync(new LoadMix { Ttl = 0 }.Make(options.Jobs, options.Seed), Scenario.Pace, cancellationToken);
        for (int i = 0; i < options.Kills; i++)
        {
            await stage.ReachAsync((i + 1.0) / (options.Kills + 1), (i + 2.0) / (options.Kills + 1), cancellationToken); // so that each meets load
            await Task.WhenAll(FillAsync(database, keep: 0), FillAsync(broker, BrokerKeeps));
            await Task.Delay(s_full, cancellationToken);
            File.Delete(Path.Combine(database, Ballast));
            File.Delete(Path.Combine(broker, Ballast));
            await stage.Servers.UpAsync();
            Stage.Say($"disk {i + 1} was full and is not");
        }
        stage.Ceiling = int.MaxValue;
        await load;
        return await stage.FinishAsync(options.Kills, 0, [], cancellationToken);
    }

    private static async Task MountAsync(string disk)
    {
        Directory.CreateDirectory(disk);
        (int code, string output) = await Shell.RunAsync("mount", ["-t", "tmpfs", "-o", string.Create(CultureInfo.InvariantCulture, $"size={Megabytes}m,mode=755"), "tmpfs", disk]);
        if (code != 0)
        {
            throw new InvalidOperationException($"A disk of its own cannot be mounted here: {output}");
        }
    }

    /// <summary>At once, so that it is as fast on a crowded machine as on another; to the last byte where nothing is kept.</summary>
    private static async Task FillAsync(string disk, int keep)
    {
        const int Megabyte = 1024 * 1024, AtLast = 16;
        string ballast = Path.Combine(disk, Ballast);
        long most = new DriveInfo(disk).AvailableFreeSpace - ((long)Math.Max(keep, AtLast) * Megabyte);
        await Shell.RunAsync("fallocate", ["-l", most.ToString(CultureInfo.InvariantCulture), ballast]);
        if (keep == 0)
        {
            await Shell.RunAsync("dd", ["if=/dev/zero", $"of={ballast}", "bs=64k", "oflag=append", "conv=notrunc"]); // until there is no space left
        }
    }
}
