using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Sluice.Engine;
using Sluice.Engine.Models;
using Sluice.Service.Models;

namespace Sluice.Service.Inference;

/// <summary>Loads an engine per model, once, and disposes of them.</summary>
internal sealed partial class EngineHost(
    InferenceLoops loops, StubOptions stub, IOptions<WorkerOptions> options, TimeProvider time, ILoggerFactory loggers, ILogger<EngineHost> logger) : IAsyncDisposable
{
    private readonly List<IEngine> _engines = [];
    private int _loaded;

    /// <summary>True when every model's engine can run jobs.</summary>
    public bool IsReady => Volatile.Read(ref _loaded) == loops.All.Count;

    /// <summary>The engines that have been loaded.</summary>
    public IReadOnlyList<IEngine> All
    {
        get { lock (_engines) return [.. _engines]; }
    }

    /// <summary>Loads on a thread of the pool. Throws what the engine throws for a folder that it cannot load, and <see cref="InvalidOperationException"/> for one that has changed since it was listed.</summary>
    public async Task<IEngine> LoadAsync(InferenceLoop loop, CancellationToken cancellationToken)
    {
        long start = time.GetTimestamp();
        IEngine engine = await Background.RunAsync(() => Load(loop), cancellationToken);
        if (Changed(loop.Model, engine.Info.Revision) is { } changed)
        {
            await engine.DisposeAsync();
            throw new InvalidOperationException(changed);
        }
        lock (_engines)
        {
            _engines.Add(engine);
        }
        Interlocked.Increment(ref _loaded);
        LogLoaded(loop.Model.Name, engine.Info.Backend, engine.Info.TotalPages, time.GetElapsedTime(start).TotalSeconds);
        return engine;
    }

    public async ValueTask DisposeAsync()
    {
        foreach (IEngine engine in _engines)
        {
            await engine.DisposeAsync();
        }
    }

    /// <summary>What is wrong where the files are not those that answers are kept under; null for nothing.</summary>
    private static string? Changed(ServedModel model, string loaded) => model.Path is null || loaded == model.Revision
        ? null
        : $"The files of model '{model.Name}' have changed since they were listed: revision {model.Revision} then, {loaded} now. Start again once they are complete.";

    private IEngine Load(InferenceLoop loop)
    {
        ServedModel model = loop.Model;
        return model.Path is { } path
            ? ModelEngine.Load(path, new EngineOptions
            {
                Name = model.Name,
                Model = Limits(model),
                Speculation = model.Speculation,
                StepObserver = step => loop.Stepped(step),
                Clock = time,
                Logger = loggers.CreateLogger<ModelEngine>(),
            })
            : new StubEngine(stub with { Name = model.Name, ContextLength = model.ContextLength, Clock = time });
    }

    private ModelOptions Limits(ServedModel model) => new()
    {
        Weights = model.Weights,
        Kv = model.Kv,
        KvBytes = options.Value.KvBytes,
        MaxSequences = options.Value.MaxSequences,
        MaxStepTokens = options.Value.MaxStepTokens,
    };

    [LoggerMessage(4050, LogLevel.Information, "Loaded {Model} on {Backend}: {Pages} KV pages, {Seconds:0.00} s")]
    private partial void LogLoaded(string model, string backend, int pages, double seconds);
}
