using System.Globalization;
using System.Text.RegularExpressions;
using Xunit;

namespace Sluice.Tests.Telemetry;

/// <summary>A strict reader of the Prometheus text format 0.0.4: what it does not understand, it refuses.</summary>
internal static partial class ExpositionGrammar
{
    /// <summary>Samples by name and labels as written.</summary>
    public static Dictionary<string, double> Read(string text)
    {
        Assert.EndsWith("\n", text, StringComparison.Ordinal);
        Dictionary<string, double> samples = new(StringComparer.Ordinal);
        Dictionary<string, string> types = new(StringComparer.Ordinal);
        string? current = null;
        foreach (string line in text[..^1].Split('\n'))
        {
            if (Help().IsMatch(line))
            {
                continue;
            }
            if (TypeLine().Match(line) is { Success: true } type)
            {
                current = type.Groups["name"].Value;
                Assert.True(types.TryAdd(current, type.Groups["type"].Value), $"Two TYPE lines for {current}");
                continue;
            }
            Match sample = Sample().Match(line);
            Assert.True(sample.Success, $"Not a sample: {line}");
            Assert.NotNull(current);
            string name = sample.Groups["name"].Value;
            string family = types[current] == "histogram" ? Suffix().Replace(name, "") : name;
            Assert.True(family == current, $"{name} stands under {current}");
            Assert.True(types[current] != "counter" || name.EndsWith("_total", StringComparison.Ordinal), $"Counter {name} does not end in _total");
            Assert.True(samples.TryAdd(name + sample.Groups["labels"].Value, Number(sample.Groups["value"].Value)), $"Twice: {line}");
        }
        CheckHistograms(samples);
        return samples;
    }

    /// <summary>Buckets never fall, and the last is the count.</summary>
    private static void CheckHistograms(Dictionary<string, double> samples)
    {
        Dictionary<string, double> last = new(StringComparer.Ordinal);
        foreach ((string key, double value) in samples)
        {
            if (Bucket().Match(key) is { Success: true } bucket)
            {
                string labels = bucket.Groups["labels"].Value.TrimEnd(',');
                string series = bucket.Groups["name"].Value + (labels.Length == 0 ? "" : $"{{{labels}}}");
                Assert.True(value >= last.GetValueOrDefault(series), $"{key} falls");
                last[series] = value;
            }
        }
        foreach ((string series, double value) in last)
        {
            int brace = series.IndexOf('{', StringComparison.Ordinal);
            string count = brace < 0 ? $"{series}_count" : $"{series[..brace]}_count{series[brace..]}";
            Assert.Equal(samples[count], value);
        }
    }

    private static double Number(string text) => text switch
    {
        "+Inf" => double.PositiveInfinity,
        "-Inf" => double.NegativeInfinity,
        _ => double.Parse(text, NumberStyles.Float, CultureInfo.InvariantCulture),
    };

    [GeneratedRegex(@"^# HELP [a-zA-Z_:][a-zA-Z0-9_:]* .*$")]
    private static partial Regex Help();

    [GeneratedRegex(@"^# TYPE (?<name>[a-zA-Z_:][a-zA-Z0-9_:]*) (?<type>counter|gauge|histogram|summary|untyped)$")]
    private static partial Regex TypeLine();

    [GeneratedRegex("""^(?<name>[a-zA-Z_:][a-zA-Z0-9_:]*)(?<labels>\{[a-zA-Z_][a-zA-Z0-9_]*="(\\[\\"n]|[^\\"\n])*"(,[a-zA-Z_][a-zA-Z0-9_]*="(\\[\\"n]|[^\\"\n])*")*\})? (?<value>[+-]?[0-9][0-9.eE+-]*|NaN|[+-]Inf)$""")]
    private static partial Regex Sample();

    [GeneratedRegex("_(bucket|sum|count)$")]
    private static partial Regex Suffix();

    [GeneratedRegex("""^(?<name>[a-zA-Z0-9_:]+)_bucket\{(?<labels>.*)le="[^"]*"\}$""")]
    private static partial Regex Bucket();
}
