using System.Collections.Concurrent;
using System.Diagnostics;
using Microsoft.Extensions.Logging;

namespace Sluice.Tests.Hygiene;

/// <summary>All that a process says of itself: every log line of Debug and above with its values, scopes and exception, and every tag and event of its traces.</summary>
internal sealed class Recorder : ILoggerProvider, ISupportExternalScope
{
    /// <summary>Settings under which the log says all that it ever says, to this recorder alone.</summary>
    public static readonly IReadOnlyDictionary<string, string?> Settings = new Dictionary<string, string?>
    {
        ["Logging:LogLevel:Default"] = "Debug",
        ["Logging:LogLevel:Microsoft"] = "Debug",
        ["Logging:LogLevel:System"] = "Debug",
        ["Logging:Console:LogLevel:Default"] = "None",
        ["Logging:Console:LogLevel:Microsoft"] = "None",
        ["Logging:Console:LogLevel:System"] = "None",
    };

    private readonly ConcurrentQueue<string> _lines = new();
    private readonly ActivityListener _listener;
    private IExternalScopeProvider? _scopes;

    public Recorder()
    {
        _listener = new ActivityListener
        {
            ShouldListenTo = _ => true,
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllDataAndRecorded,
            ActivityStopped = activity => _lines.Enqueue(
                $"trace {activity.Source.Name} {activity.DisplayName} {activity.StatusDescription} {string.Join(' ', activity.TagObjects)} {string.Join(' ', activity.Baggage)} "
                + string.Join(' ', activity.Events.Select(e => $"{e.Name} {string.Join(' ', e.Tags)}"))),
        };
        ActivitySource.AddActivityListener(_listener);
    }

    /// <summary>Oldest first.</summary>
    public IReadOnlyCollection<string> Lines => _lines;

    public ILogger CreateLogger(string categoryName) => new Category(this, categoryName);

    public void SetScopeProvider(IExternalScopeProvider scopeProvider) => _scopes = scopeProvider;

    public void Dispose() => _listener.Dispose();

    private sealed class Category(Recorder recorder, string name) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => recorder._scopes?.Push(state);

        public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Debug;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            string values = state is IEnumerable<KeyValuePair<string, object?>> pairs ? string.Join(' ', pairs.Select(pair => $"{pair.Key}={pair.Value}")) : "";
            List<string> scopes = [];
            recorder._scopes?.ForEachScope((scope, all) => all.Add(scope is IEnumerable<KeyValuePair<string, object?>> tags ? string.Join(' ', tags) : $"{scope}"), scopes);
            recorder._lines.Enqueue($"{logLevel} {name} {formatter(state, exception)} | {values} | {string.Join(' ', scopes)} | {exception}");
        }
    }
}
