using System.CommandLine;

namespace Sluice.Cli.Tune;

/// <summary><c>sluice tune</c>: makes models and proves what they can do.</summary>
internal static class TuneCommands
{
    public static Command Create(Terminal terminal) => new("tune", "Train models and measure them.")
    {
        TrainDemoCommand.Create(terminal),
        EvaluateDemoCommand.Create(terminal),
        DemoTicketsCommand.Create(terminal),
    };
}
