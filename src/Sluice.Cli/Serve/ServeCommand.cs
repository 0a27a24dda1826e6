using System.CommandLine;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;
using Sluice.Service;
using Sluice.Service.Access;
using Sluice.Service.Inference;
using Sluice.Store;

namespace Sluice.Cli.Serve;

/// <summary><c>sluice serve</c>: runs the service until it is told to stop. Its log goes to the error stream.</summary>
internal static class ServeCommand
{
    public const string Name = "serve";

    public static Command Create(Terminal terminal)
    {
        Option<bool> embedded = new("--embedded") { Description = "Keep everything in memory: needs no broker and no database, and keeps nothing." };
        Option<string?> roles = new("--roles") { Description = "Parts to run, separated by commas: api, worker, scheduler, webhooks. All where absent." };
        Option<string[]> models = new("--model") { Description = "NAME=PATH or PATH of a model folder; may be repeated." };
        Option<EngineKind> engine = new("--engine") { Description = "'model', or 'stub' that answers without computing.", DefaultValueFactory = _ => EngineKind.Model };
        Option<string?> urls = new("--urls") { Description = "Addresses to listen on, separated by ';'; http://127.0.0.1:8080." };
        Option<string[]> settings = new("--set") { Description = "Section:Name=value, any setting; may be repeated." };
        Command command = new(Name, "Run the service.") { embedded, roles, models, engine, urls, settings };
        command.SetAction((parse, cancellationToken) =>
        {
            Dictionary<string, string?> given = SettingArguments.Parse(parse.GetValue(settings) ?? []);
            SluiceHostOptions options = new()
            {
                Embedded = parse.GetValue(embedded),
                Roles = ReadRoles(parse.GetValue(roles)),
                Engine = parse.GetValue(engine),
                Models = parse.GetValue(models) ?? [],
                Urls = parse.GetValue(urls),
                Settings = given,
                Time = terminal.Time,
            };
            return RunAsync(terminal, options, cancellationToken);
        });
        return command;
    }

    private static async Task<int> RunAsync(Terminal terminal, SluiceHostOptions options, CancellationToken stop)
    {
        using StopSignals signals = new(terminal.Time, stop);
        CancellationToken cancellationToken = signals.Stop;
        if (Crash.Fault is { } fault)
        {
            throw CommandFailedException.Usage(fault);
        }
        if (Crash.IsArmed)
        {
            await terminal.Error.WriteLineAsync($"sluice: {Crash.Variable} is set: this process ends itself, as by kill -9.");
        }
        string? key = options.Embedded ? FreshKey(ref options) : null;
        try
        {
            await using WebApplication app = SluiceHost.Build(options);
            Exception? failed = null;
            using CancellationTokenRegistration hasty = signals.AtOnce.Register(() => app.Services.GetService<Haste>()?.Now());
            using CancellationTokenRegistration stopping = app.Lifetime.ApplicationStopping.Register(() => failed = FaultOf(app));
            try
            {
                await StartAsync(app, cancellationToken);
                await SayAsync(terminal, app, key);
                await app.WaitForShutdownAsync(cancellationToken);
            }
            catch (OperationCanceledException) when (failed is not null)
            {
                // the host gave up its start
            }
            return failed is null ? ExitCode.Done : throw new CommandFailedException(ExitCode.Failed, $"the service has ended itself: {failed.Message}", failed);
        }
        catch (ArgumentException exception)
        {
            throw CommandFailedException.Usage(exception.Message);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            return ExitCode.Done;
        }
    }

    /// <summary>A host that fails to start, or is told to stop meanwhile, does not stop what it has started: told to, its parts end as at any stop, not as failures of their own.</summary>
    private static async Task StartAsync(WebApplication app, CancellationToken cancellationToken)
    {
        try
        {
            await app.StartAsync(cancellationToken);
        }
        catch
        {
            app.Lifetime.StopApplication();
            if (cancellationToken.IsCancellationRequested)
            {
                await app.StopAsync(CancellationToken.None);
            }
            throw;
        }
    }

    /// <summary>What made the host stop, where a part of it failed. Parts that cannot even be made have failed the start already, with what there is to say.</summary>
    private static Exception? FaultOf(WebApplication app)
    {
        try
        {
            return app.Services.GetServices<IHostedService>().OfType<BackgroundService>().Select(part => part.ExecuteTask?.Exception?.InnerException).FirstOrDefault(fault => fault is not null);
        }
        catch (Exception exception) when (exception is OptionsValidationException or InvalidOperationException)
        {
            return null;
        }
    }

    private static async Task SayAsync(Terminal terminal, WebApplication app, string? key)
    {
        if (key is not null)
        {
            await terminal.Out.WriteLineAsync("Embedded: nothing is kept when this process ends.");
            await terminal.Out.WriteLineAsync($"API key: {key}");
        }
        await terminal.Out.WriteLineAsync($"Listening on {string.Join(", ", app.Urls)}");
        await terminal.Out.FlushAsync(CancellationToken.None);
    }

    /// <summary>An embedded store starts empty: somebody has to have a key. One that is configured is not replaced.</summary>
    private static string? FreshKey(ref SluiceHostOptions options)
    {
        if (SluiceHost.Configuration(options)["Access:BootstrapKey"] is { Length: > 0 } || SluiceHost.Configuration(options)["Access:BootstrapKeyFile"] is { Length: > 0 })
        {
            return null;
        }
        (string text, _) = ApiKeyText.Create("default", KeyScopes.All, "embedded", options.Time.GetUtcNow());
        options = options with { Settings = new Dictionary<string, string?>(options.Settings) { ["Access:BootstrapKey"] = text } };
        return text;
    }

    private static IReadOnlySet<HostRole>? ReadRoles(string? text)
    {
        try
        {
            return text is null ? null : HostRoles.Parse(text);
        }
        catch (ArgumentException exception)
        {
            throw CommandFailedException.Usage($"--roles: {exception.Message}");
        }
    }
}
