using System.Globalization;
using System.Text.RegularExpressions;

namespace Sluice.Cli.Demo;

/// <summary>Reads what the demo shows out of <c>/metrics</c>.</summary>
internal static partial class DemoMetrics
{
    /// <summary>Batches of the model by the reason they were closed.</summary>
    public static IReadOnlyDictionary<string, long> CloseReasons(string metrics, string model)
    {
        SortedDictionary<string, long> reasons = new(StringComparer.Ordinal);
        foreach (Match sample in Batches().Matches(metrics))
        {
            string labels = sample.Groups["labels"].Value;
            if (Label(labels, "model") == model && Label(labels, "reason") is { } reason)
                reasons[reason] = (long)double.Parse(sample.Groups["value"].Value, CultureInfo.InvariantCulture);
        }
        return reasons;
    }

    private static string? Label(string labels, string name) => Labels().Matches(labels).FirstOrDefault(label => label.Groups["name"].Value == name)?.Groups["value"].Value;

    [GeneratedRegex(@"^sluice_batches_total\{(?<labels>[^}]*)\} (?<value>\S+)", RegexOptions.Multiline)]
    private static partial Regex Batches();

    [GeneratedRegex("(?<name>\\w+)=\"(?<value>[^\"]*)\"")]
    private static partial Regex Labels();
}
