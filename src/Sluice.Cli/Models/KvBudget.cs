using System.CommandLine;
using Sluice.Engine.Models;

namespace Sluice.Cli.Models;

/// <summary><c>--kv-bytes</c>: what keys and values may take.</summary>
internal static class KvBudget
{
    private const long Default = 1L << 30;

    public static Option<long> Option(string description, long bytes = Default) =>
        new("--kv-bytes") { Description = description, HelpName = "BYTES", DefaultValueFactory = _ => bytes };

    /// <summary>Looks into the folder. Wrong usage where not even one page fits into the budget, or the environment names a backend that is none.</summary>
    public static ModelInspection Inspect(string folder, ModelOptions options)
    {
        try
        {
            return ModelInspection.Read(folder, options);
        }
        catch (ArgumentException error)
        {
            throw CommandFailedException.Usage(error.Message.Replace(nameof(ModelOptions.KvBytes), "--kv-bytes", StringComparison.Ordinal));
        }
    }
}
