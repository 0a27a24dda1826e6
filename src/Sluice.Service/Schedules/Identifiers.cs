using System.Diagnostics.CodeAnalysis;
using System.Text;

namespace Sluice.Service.Schedules;

/// <summary>Names of tables and columns that come from people: checked, and always quoted.</summary>
internal static class Identifiers
{
    private const int MostBytes = 63;

    /// <summary>What is wrong with a name, in words; null where nothing is.</summary>
    public static string? Fault(string name)
    {
        if (name.Length == 0 || Encoding.UTF8.GetByteCount(name) > MostBytes)
        {
            return $"must have 1 to {MostBytes} bytes";
        }
        return name.All(c => char.IsLetterOrDigit(c) || c is '_' or '$') && !char.IsAsciiDigit(name[0]) ? null : "may have letters, digits, '_' and '$', and does not begin with a digit";
    }

    /// <summary>Upper and lower case as written; a quotation mark within is doubled.</summary>
    public static string Quote(string name) => $"\"{name.Replace("\"", "\"\"", StringComparison.Ordinal).Replace("\0", "", StringComparison.Ordinal)}\"";

    /// <summary><c>table</c> or <c>schema.table</c>, quoted part by part.</summary>
    public static bool TryQuoteTable(string name, [NotNullWhen(true)] out string? quoted, [NotNullWhen(false)] out string? fault)
    {
        string[] parts = name.Split('.');
        fault = parts.Length > 2 ? "must be 'table' or 'schema.table'" : parts.Select(Fault).FirstOrDefault(f => f is not null);
        quoted = fault is null ? string.Join('.', parts.Select(Quote)) : null;
        return fault is null;
    }
}
