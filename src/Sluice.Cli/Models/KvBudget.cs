using System.CommandLine;
using Sluice.Engine.Models;

namespace Sluice.Cli.Models;

/// <summary><c>--kv-bytes</c>: what keys and values may take.</summary>
internal static class KvBudget
{
    private const long Default = 1L << 30;

    public static Option<long> Option(string description) => new("--kv-bytes") { Description = description, HelpName = "BYTES", DefaultValueFactory = _ => Default };

    /// <summary>Wrong usage where not even one page fits.</summary>
    public static void Require(long bytes, ModelSummary model)
    {
        if (bytes < model.KvBytesPerPage)
            throw CommandFailedException.Usage($"--kv-bytes: expected at least {model.KvBytesPerPage} (16 tokens of this model), found {bytes}.");
    }
}
