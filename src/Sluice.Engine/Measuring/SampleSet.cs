using System.Globalization;

namespace Sluice.Engine.Measuring;

/// <summary>Figures by name, one more per repeat.</summary>
internal sealed class SampleSet
{
    private readonly Dictionary<string, List<double>> _samples = [];

    public void Add(string name, double value)
    {
        if (!_samples.TryGetValue(name, out List<double>? list))
            _samples[name] = list = [];
        list.Add(value);
    }

    public double Median(string name)
    {
        double[] sorted = [.. _samples[name].Order()];
        return Round((sorted[(sorted.Length - 1) / 2] + sorted[sorted.Length / 2]) / 2);
    }

    /// <summary>Lowest and highest.</summary>
    public IReadOnlyDictionary<string, double[]> Ranges() => _samples.ToDictionary(s => s.Key, s => (double[])[Round(s.Value.Min()), Round(s.Value.Max())]);

    /// <summary>The newest of each, for a person who waits.</summary>
    public string Last() => string.Join(", ", _samples.Select(s => string.Create(CultureInfo.InvariantCulture, $"{s.Key} {Round(s.Value[^1])}")));

    // Four digits are more than the machine is steady to.
    private static double Round(double value) =>
        value == 0 || !double.IsFinite(value) ? 0 : double.Parse(value.ToString("G4", CultureInfo.InvariantCulture), CultureInfo.InvariantCulture);
}
