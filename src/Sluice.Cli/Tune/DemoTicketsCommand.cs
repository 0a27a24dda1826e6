using System.CommandLine;
using Sluice.Tuning.Tickets;

namespace Sluice.Cli.Tune;

/// <summary><c>sluice tune demo-tickets</c>: the tickets of the demo, the same for the same seed.</summary>
internal static class DemoTicketsCommand
{
    public static Command Create(Terminal terminal)
    {
        Option<ulong> seed = new("--seed") { Description = "Seed of the tickets.", DefaultValueFactory = _ => DemoDeck.ShippedSeed };
        Command command = new("demo-tickets", "Write the demo's tickets, one JSON object a line.") { seed };
        command.SetAction(async (parse, _) =>
        {
            foreach (DemoTicket ticket in DemoDeck.Make(parse.GetValue(seed))) await terminal.Out.WriteLineAsync(ticket.ToLine());
            return ExitCode.Done;
        });
        return command;
    }
}
