using Microsoft.Extensions.Options;
using Npgsql;

namespace Sluice.Store.Postgres;

/// <summary>Says what is wrong with section <c>Store</c>; never prints a connection string, which holds a password.</summary>
internal sealed class StoreOptionsValidator : IValidateOptions<StoreOptions>
{
    public ValidateOptionsResult Validate(string? name, StoreOptions options)
    {
        List<string> faults = [];
        if (string.IsNullOrWhiteSpace(options.ConnectionString))
            faults.Add("Store:ConnectionString is empty.");
        else if (!Reads(options.ConnectionString))
            faults.Add("Store:ConnectionString is not a connection string.");
        if (options.CommandTimeout < TimeSpan.FromMilliseconds(100) || options.CommandTimeout > TimeSpan.FromMinutes(5))
            faults.Add($"Store:CommandTimeout is {options.CommandTimeout}, expected 00:00:00.100 to 00:05:00.");
        if (options.DispatchTimeout < options.CommandTimeout || options.DispatchTimeout > TimeSpan.FromMinutes(30))
            faults.Add($"Store:DispatchTimeout is {options.DispatchTimeout}, expected Store:CommandTimeout ({options.CommandTimeout}) to 00:30:00.");
        if (options.MaxConnections is < 1 or > 1000)
            faults.Add($"Store:MaxConnections is {options.MaxConnections}, expected 1 to 1000.");
        return faults.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(faults);
    }

    private static bool Reads(string connectionString)
    {
        try
        {
            return new NpgsqlConnectionStringBuilder(connectionString).Host is not null;
        }
        catch (ArgumentException)
        {
            return false;
        }
    }
}
