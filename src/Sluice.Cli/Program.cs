using System.CommandLine;
using Sluice.Cli.Bench;
using Sluice.Cli.Check;
using Sluice.Cli.Demo;
using Sluice.Cli.Health;
using Sluice.Cli.Jobs;
using Sluice.Cli.Keys;
using Sluice.Cli.Migrate;
using Sluice.Cli.Models;
using Sluice.Cli.Run;
using Sluice.Cli.Schedules;
using Sluice.Cli.Serve;
using Sluice.Cli.Tune;

namespace Sluice.Cli;

/// <summary><c>sluice</c>: one line per group of commands.</summary>
internal static class Program
{
    private static async Task<int> Main(string[] args)
    {
        using Terminal terminal = Terminal.OfProcess();
        return await RunAsync(args, terminal, CancellationToken.None);
    }

    internal static Task<int> RunAsync(string[] args, Terminal terminal, CancellationToken cancellationToken)
    {
        RootCommand sluice = new("Batch inference for language models, driven by a message queue.")
        {
            DemoCommand.Create(terminal),
            ServeCommand.Create(terminal),
            MigrateCommand.Create(terminal),
            KeysCommands.Create(terminal),
            RunCommand.Create(terminal),
            SubmitCommand.Create(terminal),
            WatchCommand.Create(terminal),
            JobsCommands.Create(terminal),
            SchedulesCommands.Create(terminal),
            ModelCommands.Create(terminal),
            TuneCommands.Create(terminal),
            HealthCommand.Create(terminal),
            CheckCommand.Create(terminal),
            BenchCommands.Create(terminal),
        };
        return CommandLine.RunAsync(sluice, args, terminal, cancellationToken);
    }
}
