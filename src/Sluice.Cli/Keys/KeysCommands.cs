using System.CommandLine;
using Microsoft.Extensions.DependencyInjection;
using Sluice.Cli.Serve;
using Sluice.Service;
using Sluice.Store;

namespace Sluice.Cli.Keys;

/// <summary><c>sluice keys</c>: makes, lists and revokes API keys, in the database itself (the settings of <c>serve</c> say which).</summary>
internal static class KeysCommands
{
    public static Command Create(Terminal terminal) => new("keys", "API keys of tenants.")
    {
        CreateCommand.Create(terminal),
        ListCommand.Create(terminal),
        RevokeCommand.Create(terminal),
    };

    public static Option<string[]> Settings() => new("--set") { Description = "Section:Name=value, any setting; may be repeated." };

    /// <summary>Opens the store for one piece of work. Exit code 3 where it cannot be reached, 2 where it is not configured.</summary>
    public static async Task<T> WithKeysAsync<T>(string[]? settings, TimeProvider time, Func<IKeyStore, Task<T>> work)
    {
        SluiceHostOptions options = new() { Settings = SettingArguments.Parse(settings ?? []), Time = time };
        await using ServiceProvider parts = SluiceHost.OpenStore(options);
        return await work(parts.GetRequiredService<IKeyStore>());
    }
}
