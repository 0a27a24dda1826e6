using System.Collections.Concurrent;
using System.Diagnostics.Metrics;

namespace Sluice.Service.Telemetry;

/// <summary>What one instrument has said so far, per set of labels.</summary>
internal sealed class MetricSeries
{
    /// <summary>Series that one instrument may have; further sets of labels are left out, so that a careless label cannot fill the memory.</summary>
    private const int MaxSeries = 2000;

    private static readonly double[] s_defaultBounds = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

    private readonly ConcurrentDictionary<string, Cell> _cells = new(StringComparer.Ordinal);
    private readonly double[] _bounds;

    private MetricSeries(Instrument instrument, string type, bool adds, double[] bounds)
    {
        Instrument = instrument;
        Type = type;
        Adds = adds;
        _bounds = bounds;
        Name = PrometheusText.Name(instrument.Name, instrument.Unit, type == "counter");
    }

    public Instrument Instrument { get; }

    public string Name { get; }

    /// <summary><c>counter</c>, <c>gauge</c> or <c>histogram</c>.</summary>
    public string Type { get; }

    /// <summary>Measurements are differences; otherwise each is the value itself.</summary>
    private bool Adds { get; }

    public static MetricSeries Of(Instrument instrument)
    {
        string kind = instrument.GetType().Name.Split('`')[0];
        return kind switch
        {
            "Counter" => new(instrument, "counter", adds: true, []),
            "ObservableCounter" => new(instrument, "counter", adds: false, []),
            "UpDownCounter" => new(instrument, "gauge", adds: true, []),
            "Histogram" => new(instrument, "histogram", adds: true, Bounds(instrument)),
            _ => new(instrument, "gauge", adds: false, []),
        };
    }

    public void Record(double value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        string labels = PrometheusText.Labels(tags);
        if (!_cells.TryGetValue(labels, out Cell? cell))
        {
            if (_cells.Count >= MaxSeries)
            {
                return;
            }
            cell = _cells.GetOrAdd(labels, _ => new Cell(_bounds.Length));
        }
        lock (cell)
        {
            if (Type != "histogram")
            {
                cell.Sum = Adds ? cell.Sum + value : value;
                return;
            }
            cell.Sum += value;
            cell.Count++;
            int bucket = Array.BinarySearch(_bounds, value);
            bucket = bucket < 0 ? ~bucket : bucket;
            if (bucket < _bounds.Length)
            {
                cell.Buckets[bucket]++;
            }
        }
    }

    /// <summary>Observed values are told anew at each reading: what is no longer told is gone.</summary>
    public void Forget()
    {
        if (Instrument.IsObservable)
        {
            _cells.Clear();
        }
    }

    public void Write(PrometheusText text)
    {
        if (_cells.IsEmpty)
        {
            return;
        }
        text.Begin(Name, Type, Instrument.Description);
        foreach ((string labels, Cell cell) in _cells.OrderBy(cell => cell.Key, StringComparer.Ordinal))
        {
            lock (cell)
            {
                WriteCell(text, labels, cell);
            }
        }
    }

    private void WriteCell(PrometheusText text, string labels, Cell cell)
    {
        if (Type != "histogram")
        {
            text.Sample(Name, labels, cell.Sum);
            return;
        }
        long below = 0;
        for (int i = 0; i < _bounds.Length; i++)
        {
            below += cell.Buckets[i];
            text.Sample($"{Name}_bucket", labels, below, _bounds[i]);
        }
        text.Sample($"{Name}_bucket", labels, cell.Count, double.PositiveInfinity);
        text.Sample($"{Name}_sum", labels, cell.Sum);
        text.Sample($"{Name}_count", labels, cell.Count);
    }

    private static double[] Bounds(Instrument instrument) => instrument switch
    {
        Instrument<double> { Advice.HistogramBucketBoundaries: { Count: > 0 } bounds } => [.. bounds],
        Instrument<float> { Advice.HistogramBucketBoundaries: { Count: > 0 } bounds } => [.. bounds.Select(bound => (double)bound)],
        Instrument<long> { Advice.HistogramBucketBoundaries: { Count: > 0 } bounds } => [.. bounds.Select(bound => (double)bound)],
        Instrument<int> { Advice.HistogramBucketBoundaries: { Count: > 0 } bounds } => [.. bounds.Select(bound => (double)bound)],
        _ => s_defaultBounds,
    };

    private sealed class Cell(int buckets)
    {
        public double Sum { get; set; }
        public long Count { get; set; }
        public long[] Buckets { get; } = new long[buckets];
    }
}
