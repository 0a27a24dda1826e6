using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Sluice.Service.Telemetry;

/// <summary>
/// Until everything has started, the host and its web server log nothing: what keeps them from starting is thrown to whoever starts them, and the log would tell it
/// twice more, with stack traces.
/// </summary>
internal sealed class StartNoise : IHostedLifecycleService
{
    private static readonly string[] s_sources = ["Microsoft.Extensions.Hosting.Internal.Host", "Microsoft.AspNetCore.Server.Kestrel"];
    private volatile bool _over;

    public static void Silence(IHostApplicationBuilder builder)
    {
        StartNoise noise = new();
        builder.Services.AddSingleton<IHostedService>(noise);
        foreach (string source in s_sources)
        {
            builder.Logging.AddFilter(source, level => noise._over && level >= LogLevel.Warning);
        }
    }

    public Task StartedAsync(CancellationToken cancellationToken)
    {
        _over = true;
        return Task.CompletedTask;
    }

    public Task StartingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}
