using System.Globalization;
using Sluice.Chaos.Children;
using Sluice.Chaos.Load;

namespace Sluice.Chaos.Scenarios;

/// <summary>Database and broker on a small disk that fills up under load and is emptied again.</summary>
internal static class DiskScenario
{
    private const int Megabytes = 1500;
    private static readonly TimeSpan s_full = TimeSpan.FromSeconds(6);

    public static async Task<ChaosReport> RunAsync(ChaosOptions options, CancellationToken cancellationToken)
    {
        string disk = Path.Combine(Environment.GetEnvironmentVariable("CHAOS_FOLDER")!, "run");
        Directory.CreateDirectory(disk);
        (int code, string output) = await Shell.RunAsync("mount", ["-t", "tmpfs", "-o", string.Create(CultureInfo.InvariantCulture, $"size={Megabytes}m,mode=755"), "tmpfs", disk]);
        if (code != 0)
        {
            throw new InvalidOperationException($"A disk of its own cannot be mounted here: {output}");
        }
        await using Stage stage = await Stage.StartAsync(options, new FleetOptions(), cancellationToken);
        Task load = stage.LoadAsync(new LoadMix { Ttl = 0 }.Make(options.Jobs, options.Seed), Scenario.Pace, cancellationToken);
        for (int i = 0; i < options.Kills; i++)
        {
            while (stage.Progress < (i + 1.0) / (options.Kills + 1))
            {
                await Task.Delay(50, cancellationToken);
            }
            string ballast = Path.Combine(disk, "ballast");
            await Shell.RunAsync("dd", ["if=/dev/zero", $"of={ballast}", "bs=1M"]); // until there is no space left
            await Task.Delay(s_full, cancellationToken);
            File.Delete(ballast);
            await stage.Servers.UpAsync();
            Stage.Say($"disk {i + 1} was full and is not");
        }
        await load;
        return await stage.FinishAsync(options.Kills, 0, [], cancellationToken);
    }
}
