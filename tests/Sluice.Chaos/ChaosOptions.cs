using System.Globalization;

namespace Sluice.Chaos;

/// <summary>What is asked for on the command line.</summary>
internal sealed record ChaosOptions
{
    public const string Usage = """
        usage: ops/chaos.sh [--jobs N] [--kills N] [--seed N] [--scenario NAME] [--seeds N] [--at-once N] [--points A,B] [--old COMMIT] [--keep]
          mixed    kills of workers (60 %), broker (20 %) and database (20 %), pauses, bad connections, lost answers
          wipe     as mixed, and the broker loses its disk each time it is killed
          workers  kills of workers only
          zombies  --kills workers stopped past the heartbeat and woken again
          rolling  --kills restarts by SIGTERM, one worker after the other, some told early or twice
          poison   --kills jobs that kill whoever runs them
          clocks   workers whose clocks are ten minutes fast and slow, jobs with deadlines
          disk     --kills times a full disk, for database and broker
          silent   --kills times all connections of workers or API to broker or database carry nothing any more, and nobody is told
          replies  one answer in twenty of API, database and broker is thrown away after the request was passed on
          network  --kills times workers or API, or one of their servers alone, are cut off for 1 to 30 s; then resets every two seconds for a minute
          upgrade  an older release (--old COMMIT, the last before the newest migration where not given) becomes the newer one under load, and old again
          points   every named crash point with each of --seeds seeds from --seed on, --at-once of them beside each other; --points narrows them
        """;

    public int Jobs { get; init; } = 2000;
    public int Kills { get; init; } = 10;
    public int Seed { get; init; } = Random.Shared.Next(1, 1_000_000);
    public string Scenario { get; init; } = "mixed";

    /// <summary>Runs of each crash point: seeds from <see cref="Seed"/> on.</summary>
    public int Seeds { get; init; } = 20;

    /// <summary>Runs of one crash point beside each other.</summary>
    public int AtOnce { get; init; } = 3;

    /// <summary>Crash points; all where empty.</summary>
    public IReadOnlyList<string> Points { get; init; } = [];

    /// <summary>The sluice.dll of an older release; ops/chaos.sh builds it from a commit.</summary>
    public string? Old { get; init; }

    /// <summary>Logs stay even where nothing failed.</summary>
    public bool Keep { get; init; }

    public static bool TryRead(string[] args, out ChaosOptions options, out string? fault)
    {
        options = new ChaosOptions();
        fault = null;
        for (int i = 0; i < args.Length; i++)
        {
            string? value = i + 1 < args.Length ? args[i + 1] : null;
            bool isNumber = int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out int number);
            ChaosOptions? next = args[i] switch
            {
                "--jobs" when isNumber && number > 0 => options with { Jobs = number },
                "--kills" when isNumber => options with { Kills = number },
                "--seed" when isNumber => options with { Seed = number },
                "--seeds" when isNumber && number > 0 => options with { Seeds = number },
                "--at-once" when isNumber && number > 0 => options with { AtOnce = number },
                "--scenario" when value is not null => options with { Scenario = value },
                "--points" when value is not null => options with { Points = value.Split(',') },
                "--old" when value is not null => options with { Old = value },
                "--keep" => options with { Keep = true },
                _ => null,
            };
            if (next is null)
            {
                fault = $"{args[i]} {value}: not understood{Environment.NewLine}{Usage}";
                return false;
            }
            options = next;
            i += args[i] == "--keep" ? 0 : 1;
        }
        return true;
    }
}
