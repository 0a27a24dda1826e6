using System.Diagnostics.Metrics;
using Microsoft.Extensions.Hosting;

namespace Sluice.Service.Telemetry;

/// <summary>Listens to this host's meters, and those of the runtime, from the start of the host; writes what it heard as Prometheus text.</summary>
internal sealed class MetricsPage(IMeterFactory factory) : IHostedService, IDisposable
{
    private static readonly string[] s_shared = ["System.Runtime", "Npgsql", "MassTransit", "Quartz"];

    private readonly MeterListener _listener = new();
    private readonly Lock _reading = new();
    private readonly List<MetricSeries> _series = [];

    public Task StartAsync(CancellationToken cancellationToken)
    {
        _listener.InstrumentPublished = Publish;
        _listener.SetMeasurementEventCallback<double>(static (_, value, tags, state) => ((MetricSeries)state!).Record(value, tags));
        _listener.SetMeasurementEventCallback<float>(static (_, value, tags, state) => ((MetricSeries)state!).Record(value, tags));
        _listener.SetMeasurementEventCallback<long>(static (_, value, tags, state) => ((MetricSeries)state!).Record(value, tags));
        _listener.SetMeasurementEventCallback<int>(static (_, value, tags, state) => ((MetricSeries)state!).Record(value, tags));
        _listener.SetMeasurementEventCallback<short>(static (_, value, tags, state) => ((MetricSeries)state!).Record(value, tags));
        _listener.SetMeasurementEventCallback<byte>(static (_, value, tags, state) => ((MetricSeries)state!).Record(value, tags));
        _listener.SetMeasurementEventCallback<decimal>(static (_, value, tags, state) => ((MetricSeries)state!).Record((double)value, tags));
        _listener.Start();
        return Task.CompletedTask;
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <summary>All metrics in order of name. Of two instruments that come to one name the first is written: a name may stand there only once.</summary>
    public string Read()
    {
        PrometheusText text = new();
        lock (_reading)
        {
            foreach (MetricSeries series in _series)
            {
                series.Forget();
            }
            _listener.RecordObservableInstruments();
            foreach (MetricSeries series in _series.DistinctBy(series => series.Name).OrderBy(series => series.Name, StringComparer.Ordinal))
            {
                series.Write(text);
            }
        }
        return text.ToString();
    }

    public void Dispose() => _listener.Dispose();

    private void Publish(Instrument instrument, MeterListener listener)
    {
        if (!ReferenceEquals(instrument.Meter.Scope, factory) && !s_shared.Contains(instrument.Meter.Name))
        {
            return;
        }
        MetricSeries series = MetricSeries.Of(instrument);
        lock (_reading)
        {
            _series.Add(series);
        }
        listener.EnableMeasurementEvents(instrument, series);
    }
}
