using System.CommandLine;
using Sluice.Cli.Bench.Batching;

namespace Sluice.Cli.Bench;

/// <summary><c>sluice bench</c>: measures, and says how.</summary>
internal static class BenchCommands
{
    public static Command Create(Terminal terminal) => new("bench", "Measure.")
    {
        BatchingCommand.Create(terminal), PipelineCommand.Create(terminal), EngineCommand.Create(terminal), SpeculationCommand.Create(terminal), AttentionCommand.Create(terminal),
    };
}
