using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Sluice.Cli.Jobs;
using Sluice.Service;
using Sluice.Service.Access;
using Sluice.Store;

namespace Sluice.Cli.Demo;

/// <summary>The service that the demo talks to: this process's own, on a free loopback port, with a key that lives as long as it does.</summary>
internal sealed class DemoService : IAsyncDisposable
{
    /// <summary>Under which name the demo model is served.</summary>
    public const string Model = "tickets";

    private const string Tenant = "demo";
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(60), s_again = TimeSpan.FromMilliseconds(50);

    private readonly WebApplication _app;
    private readonly string _key;

    private DemoService(WebApplication app, string key, ServiceClient client)
    {
        _app = app;
        _key = key;
        Client = client;
    }

    public ServiceClient Client { get; }

    /// <summary>Ready to run jobs. Embedded, or with the store and the broker of the configuration.</summary>
    public static async Task<DemoService> StartAsync(Terminal terminal, string modelFolder, bool embedded, CancellationToken cancellationToken)
    {
        SluiceHostOptions options = new()
        {
            Embedded = embedded,
            Roles = new HashSet<HostRole> { HostRole.Api, HostRole.Worker },
            Models = [$"{Model}={modelFolder}"],
            Urls = "http://127.0.0.1:0",
            Settings = new Dictionary<string, string?> { ["Logging:LogLevel:Default"] = "Error", ["Logging:LogLevel:Microsoft"] = "None", ["Logging:LogLevel:System"] = "None" },
            Time = terminal.Time,
        };
        WebApplication? app = null;
        try
        {
            app = SluiceHost.Build(options);
            await app.StartAsync(cancellationToken);
            (string text, ApiKey key) = ApiKeyText.Create(Tenant, KeyScopes.Submit | KeyScopes.Read, "demo", terminal.Time.GetUtcNow());
            await app.Services.GetRequiredService<IKeyStore>().AddAsync(key, cancellationToken);
            DemoService service = new(app, key.Id, new ServiceClient(terminal, new Uri(app.Urls.First()), text));
            app = null;
            await service.WaitUntilReadyAsync(terminal.Time, cancellationToken);
            return service;
        }
        finally
        {
            if (app is not null) await app.DisposeAsync();
        }
    }

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        try
        {
            await _app.Services.GetRequiredService<IKeyStore>().RevokeAsync(_key, CancellationToken.None);
        }
        catch (StoreUnavailableException)
        {
            // Its store is gone: nobody can use the key, and the next look at the list of keys shows it.
        }
        await _app.StopAsync(CancellationToken.None);
        await _app.DisposeAsync();
    }

    private async Task WaitUntilReadyAsync(TimeProvider time, CancellationToken cancellationToken)
    {
        long start = time.GetTimestamp();
        while (true)
        {
            try
            {
                await Client.GetAsync("health/ready", cancellationToken);
                return;
            }
            catch (CommandFailedException) when (time.GetElapsedTime(start) < s_patience)
            {
                await Task.Delay(s_again, time, cancellationToken);
            }
            catch
            {
                await DisposeAsync();
                throw;
            }
        }
    }
}
