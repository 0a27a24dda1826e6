using System.Globalization;
using System.Text;

namespace Sluice.Service.Telemetry;

/// <summary>
/// Writes the Prometheus text exposition format, version 0.0.4: one HELP and TYPE per metric, then its samples; names and labels within
/// their alphabets; label values with backslash, quote and line feed escaped.
/// </summary>
internal sealed class PrometheusText
{
    public const string ContentType = "text/plain; version=0.0.4; charset=utf-8";

    private readonly StringBuilder _text = new();

    /// <summary>Begins a metric. <paramref name="type"/> is <c>counter</c>, <c>gauge</c> or <c>histogram</c>.</summary>
    public void Begin(string name, string type, string? help)
    {
        _text.Append("# HELP ").Append(name).Append(' ').Append(Escape(help ?? name, quote: false)).Append('\n');
        _text.Append("# TYPE ").Append(name).Append(' ').Append(type).Append('\n');
    }

    /// <param name="name">Of the sample: the metric's, or with <c>_bucket</c>, <c>_sum</c>, <c>_count</c>.</param>
    /// <param name="labels">As <see cref="Labels"/> makes them.</param>
    /// <param name="value">Any number; NaN and the infinities have their spelling.</param>
    /// <param name="bound">Upper bound of a bucket, else null.</param>
    public void Sample(string name, string labels, double value, double? bound = null)
    {
        _text.Append(name);
        if (labels.Length > 0 || bound is not null)
        {
            _text.Append('{').Append(labels);
            if (bound is double le)
            {
                _text.Append(labels.Length > 0 ? "," : "").Append("le=\"").Append(Number(le)).Append('"');
            }
            _text.Append('}');
        }
        _text.Append(' ').Append(Number(value)).Append('\n');
    }

    public override string ToString() => _text.ToString();

    /// <summary><c>sluice.job.queue_wait</c> in <c>s</c> becomes <c>sluice_job_queue_wait_seconds</c>; counters end in <c>_total</c>.</summary>
    public static string Name(string instrument, string? unit, bool counter)
    {
        StringBuilder name = new(instrument.Length + 16);
        foreach (char c in instrument)
        {
            name.Append(char.IsAsciiLetterOrDigit(c) || c is '_' or ':' ? c : '_');
        }
        if (name.Length == 0 || char.IsAsciiDigit(name[0]))
        {
            name.Insert(0, '_');
        }
        string? suffix = Unit(unit);
        if (suffix is not null && !name.ToString().EndsWith(suffix, StringComparison.Ordinal))
        {
            name.Append(suffix);
        }
        if (counter && !name.ToString().EndsWith("_total", StringComparison.Ordinal))
        {
            name.Append("_total");
        }
        return name.ToString();
    }

    /// <summary>Labels in order of name, <c>a="x",b="y"</c>; of two whose names become the same the first is kept.</summary>
    public static string Labels(ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        if (tags.IsEmpty)
        {
            return "";
        }
        SortedDictionary<string, string> labels = new(StringComparer.Ordinal);
        foreach ((string key, object? value) in tags)
        {
            labels.TryAdd(LabelName(key), Escape(Convert.ToString(value, CultureInfo.InvariantCulture) ?? "", quote: true));
        }
        return string.Join(",", labels.Select(label => $"{label.Key}=\"{label.Value}\""));
    }

    /// <summary>Label names have no colon, do not begin with a digit, and two underscores at the front are Prometheus' own.</summary>
    private static string LabelName(string key)
    {
        string name = string.Concat(key.Select(c => char.IsAsciiLetterOrDigit(c) ? c : '_')).TrimStart('_');
        return name.Length == 0 || name == "le" ? $"label_{name}" : char.IsAsciiDigit(name[0]) ? $"_{name}" : name;
    }

    private static string? Unit(string? unit) => unit switch
    {
        "s" => "_seconds",
        "ms" => "_milliseconds",
        "By" => "_bytes",
        "1" => "_ratio",
        _ => null,
    };

    private static string Escape(string text, bool quote)
    {
        string escaped = text.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\n", "\\n", StringComparison.Ordinal).Replace('\r', ' ');
        return quote ? escaped.Replace("\"", "\\\"", StringComparison.Ordinal) : escaped;
    }

    private static string Number(double value) => value switch
    {
        double.PositiveInfinity => "+Inf",
        double.NegativeInfinity => "-Inf",
        _ => double.IsNaN(value) ? "NaN" : value.ToString("R", CultureInfo.InvariantCulture),
    };
}
