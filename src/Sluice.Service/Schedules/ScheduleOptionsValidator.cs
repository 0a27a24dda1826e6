using Microsoft.Extensions.Options;
using Npgsql;

namespace Sluice.Service.Schedules;

/// <summary>What attributes cannot say about <see cref="ScheduleOptions"/>. No connection string is shown.</summary>
internal sealed class ScheduleOptionsValidator : IValidateOptions<ScheduleOptions>
{
    public ValidateOptionsResult Validate(string? name, ScheduleOptions options)
    {
        List<string> errors = [];
        if (options.FilesRoot is { } root && !Path.IsPathFullyQualified(root))
        {
            errors.Add($"Schedules:FilesRoot must be an absolute path; got '{root}'.");
        }
        foreach ((string connection, ScheduleConnection settings) in options.Connections)
        {
            if (Fault(settings.ConnectionString) is string fault)
            {
                errors.Add($"Schedules:Connections:{connection}:ConnectionString {fault}.");
            }
        }
        return errors.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(errors);
    }

    private static string? Fault(string text)
    {
        if (text.Length == 0)
        {
            return "is required";
        }
        try
        {
            return new NpgsqlConnectionStringBuilder(text).Host is null ? "names no Host" : null;
        }
        catch (ArgumentException)
        {
            return "cannot be read as a Postgres connection string";
        }
    }
}
