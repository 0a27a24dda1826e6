using System.Runtime.InteropServices;
using System.Text.Json;
using Sluice.Chaos;
using Sluice.Chaos.Scenarios;

if (!ChaosOptions.TryRead(args, out ChaosOptions options, out string? fault))
{
    await Console.Error.WriteLineAsync(fault);
    return 2;
}
using CancellationTokenSource stop = new();
using PosixSignalRegistration interrupted = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
using PosixSignalRegistration terminated = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
ChaosReport report = await Scenario.RunAsync(options, stop.Token);
Console.WriteLine(JsonSerializer.Serialize(report, ChaosJson.Default.ChaosReport));
return report.Ok ? 0 : 1;

void Stop(PosixSignalContext signal)
{
    signal.Cancel = true;
    stop.Cancel();
}
