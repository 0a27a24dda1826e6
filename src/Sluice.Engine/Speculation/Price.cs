namespace Sluice.Engine.Speculation;

/// <summary>Something that was measured a few times: the least of the first three, which may have met cold code or a pause, and from then on a moving mean.</summary>
internal struct Price
{
    private const int Few = 3;
    private const double Rate = 0.1;
    private const double Most = 4; // times what was known: a pause counts as no more

    private int _count;
    private double _value;
    private long _at;

    public readonly bool Known => _count > 0;

    /// <param name="sample">As measured.</param>
    /// <param name="now">A count of samples of all kinds.</param>
    public void Add(double sample, long now = 0)
    {
        if (_count < Few)
            _value = _count++ == 0 ? sample : Math.Min(_value, sample);
        else
            _value += Rate * ((_value > 0 ? Math.Min(sample, Most * _value) : sample) - _value);
        _at = now;
    }

    public readonly double Or(double prior) => Known ? _value : prior;

    /// <summary>Known, and measured since then.</summary>
    public readonly bool Since(long then) => Known && _at >= then;
}
