using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Sluice.Service.Telemetry;

/// <summary>
/// That the start fails is thrown to whoever starts the host, and its log and the web server's would tell it twice more, with stack traces: until everything has
/// started they do not. That a background service has failed and the host ends for it is thrown to nobody: that is said at any time, and is the one thing that the
/// host says as critical.
/// </summary>
internal sealed class StartNoise : IHostedLifecycleService
{
    private const string Host = "Microsoft.Extensions.Hosting.Internal.Host", WebServer = "Microsoft.AspNetCore.Server.Kestrel";
    private volatile bool _over;

    public static void Silence(IHostApplicationBuilder builder)
    {
        StartNoise noise = new();
        builder.Services.AddSingleton<IHostedService>(noise);
        builder.Logging.AddFilter(Host, level => level >= (noise._over ? LogLevel.Warning : LogLevel.Critical));
        builder.Logging.AddFilter(WebServer, level => noise._over && level >= LogLevel.Warning);
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
