using System.Text.Json.Serialization;

namespace Sluice.Chaos;

/// <summary>The one line that a run prints.</summary>
internal sealed record ChaosReport
{
    public required string Scenario { get; init; }
    public required bool Ok { get; init; }
    public required int Seed { get; init; }
    public required int Jobs { get; init; }

    /// <summary>Faults that the scenario is about: kills, pauses, restarts, crashes.</summary>
    public required int Kills { get; init; }

    /// <summary>Accepted or confirmed, and not there.</summary>
    public required long Lost { get; init; }

    /// <summary>Second jobs, ends, results or webhooks for what should have one.</summary>
    public required long Duplicated { get; init; }

    /// <summary>Answers that are not those of the prompt, and innocent jobs that failed.</summary>
    public required long Wrong { get; init; }

    /// <summary>Not ended when the wait was over.</summary>
    public required long Stuck { get; init; }
    public required long StaleDiscarded { get; init; }

    /// <summary>From the kill of a worker to the end of the last job that it ran, by the database's clock. What it only held is in <see cref="Counts"/>.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.Never)]
    public double? RecoveryP50S { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.Never)]
    public double? RecoveryP99S { get; init; }
    public int Recoveries { get; init; }
    public required double Seconds { get; init; }
    public long Succeeded { get; init; }
    public long Failed { get; init; }
    public long Expired { get; init; }
    public long Cancelled { get; init; }

    /// <summary>Submits that were never answered and had taken effect.</summary>
    public long Recovered { get; init; }
    public double WastedCompute { get; init; }

    /// <summary>What the checker found broken, <c>I3:rule=count</c>.</summary>
    public IReadOnlyList<string> Broken { get; init; } = [];

    /// <summary>What else the scenario counted.</summary>
    public IReadOnlyDictionary<string, double> Counts { get; init; } = new Dictionary<string, double>();
}

/// <summary>Snake case, one line.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(ChaosReport))]
internal sealed partial class ChaosJson : JsonSerializerContext;
