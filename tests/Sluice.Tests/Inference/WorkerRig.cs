using System.Collections.Concurrent;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Sluice.Engine;
using Sluice.Jobs;
using Sluice.Service;
using Sluice.Service.Access;
using Sluice.Service.Cache;
using Sluice.Service.Inference;
using Sluice.Service.Intake;
using Sluice.Service.Models;
using Sluice.Service.Queue;
using Sluice.Service.Quotes;
using Sluice.Service.Telemetry;
using Sluice.Service.Webhooks;
using Sluice.Store;
using Xunit;

namespace Sluice.Tests.Inference;

/// <summary>The service's inside without its HTTP side: intake, queue and worker around a store, with a stub engine that a test may break.</summary>
internal sealed class WorkerRig : IAsyncDisposable
{
    /// <summary>Seconds that a test waits for what takes a few at most.</summary>
    public const double Patience = 120;

    private readonly IHost _host;
    private readonly ConcurrentQueue<string> _log = new();
    private bool _stopped;

    private WorkerRig(SluiceHostOptions options, Action<IServiceCollection> store, StubOptions? stub, ILoggerProvider? log)
    {
        HostApplicationBuilder builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings());
        builder.Configuration.AddInMemoryCollection(options.Settings);
        builder.Logging.AddProvider(new Lines(_log));
        if (log is not null)
        {
            builder.Logging.AddProvider(log).SetMinimumLevel(LogLevel.Debug);
        }
        builder.Services.AddSingleton(options.Time);
        store(builder.Services);
        builder.AddTelemetry();
        builder.AddModels(options);
        builder.AddCache();
        builder.AddWebhooks(options);
        builder.AddQuotes();
        builder.AddIntake();
        builder.AddReconciler();
        builder.AddInference(options);
        if (stub is not null)
        {
            builder.Services.AddSingleton(stub);
        }
        builder.AddQueue(options);
        _host = builder.Build();
    }

    public IJobStore Store => Get<IJobStore>();

    /// <summary>Lines of level Information and above, oldest first.</summary>
    public IReadOnlyCollection<string> Log => _log;

    public static async Task<WorkerRig> StartAsync(SluiceHostOptions options, Action<IServiceCollection> store, StubOptions? stub = null, ILoggerProvider? log = null)
    {
        WorkerRig rig = new(options, store, stub, log);
        await rig._host.StartAsync().WaitAsync(TimeSpan.FromSeconds(Patience));
        return rig;
    }

    public IServiceProvider Services => _host.Services;

    public T Get<T>()
        where T : notnull => _host.Services.GetRequiredService<T>();

    public async Task<JobId> SubmitAsync(JobRequest request, string tenant = "t1", string? key = null)
    {
        IntakeResult result = await Get<JobIntake>().SubmitAsync(
            new Caller(tenant, KeyScopes.All), request, new SubmitOptions { IdempotencyKey = key }, CancellationToken.None);
        return Assert.IsType<IntakeResult.Accepted>(result).Job.Id;
    }

    public Task<JobId[]> SubmitManyAsync(int jobs, Func<int, JobRequest> request) =>
        Task.WhenAll(Enumerable.Range(0, jobs).Select(i => SubmitAsync(request(i))));

    /// <summary>The job once it has ended; fails after <paramref name="seconds"/>.</summary>
    public async Task<JobRecord> EndAsync(JobId id, string tenant = "t1", double seconds = Patience)
    {
        JobRecord? job = null;
        await EventuallyAsync(async () => (job = await LookAsync(tenant, id))?.State.IsTerminal() == true, $"{id} ends", seconds);
        return job!;
    }

    /// <summary>Null, too, where the store does not answer: some rigs have it behind a line that fails.</summary>
    private async Task<JobRecord?> LookAsync(string tenant, JobId id)
    {
        try
        {
            return await Store.GetAsync(tenant, id, CancellationToken.None);
        }
        catch (StoreUnavailableException)
        {
            return null;
        }
    }

    public async Task<JobRecord[]> EndAllAsync(IEnumerable<JobId> ids, string tenant = "t1", double seconds = Patience)
    {
        List<JobRecord> ended = [];
        foreach (JobId id in ids)
        {
            ended.Add(await EndAsync(id, tenant, seconds));
        }
        return [.. ended];
    }

    public static async Task EventuallyAsync(Func<Task<bool>> holds, string what, double seconds = Patience)
    {
        long start = TimeProvider.System.GetTimestamp();
        while (!await holds())
        {
            Assert.True(TimeProvider.System.GetElapsedTime(start).TotalSeconds < seconds, $"Not within {seconds} s: {what}");
            await Task.Delay(20);
        }
    }

    public static Task EventuallyAsync(Func<bool> holds, string what, double seconds = Patience) => EventuallyAsync(() => Task.FromResult(holds()), what, seconds);

    /// <summary>The order to stop, as SIGTERM gives it; returns when the host has ended.</summary>
    public async Task StopAsync()
    {
        _stopped = true;
        Get<IHostApplicationLifetime>().StopApplication();
        await _host.StopAsync();
    }

    public async ValueTask DisposeAsync()
    {
        if (!_stopped)
        {
            await _host.StopAsync().WaitAsync(TimeSpan.FromSeconds(Patience));
        }
        if (_host is IAsyncDisposable disposable)
        {
            await disposable.DisposeAsync();
        }
    }

    private sealed class Lines(ConcurrentQueue<string> log) : ILoggerProvider, ILogger
    {
        private static readonly bool s_echo = Environment.GetEnvironmentVariable("SLUICE_TEST_LOG") is not null;

        public ILogger CreateLogger(string categoryName) => this;

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Information;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (IsEnabled(logLevel))
            {
                string line = $"{logLevel} {formatter(state, exception)}{(exception is null ? "" : $" | {exception}")}";
                log.Enqueue(line);
                if (s_echo)
                {
                    Console.Error.WriteLine(line);
                }
            }
        }

        public void Dispose()
        {
        }
    }
}
