using System.CommandLine;
using Sluice.Cli.Jobs;

namespace Sluice.Cli.Health;

/// <summary><c>sluice health</c>: is the service ready? Made for container health checks, which know 0 and 1 only.</summary>
internal static class HealthCommand
{
    private static readonly TimeSpan _patience = TimeSpan.FromSeconds(5);

    public static Command Create(Terminal terminal)
    {
        Option<string?> url = new("--url") { Description = $"Address of the service; SLUICE_URL, else {ServiceConnection.DefaultUrl}." };
        Option<bool> json = new("--json") { Description = "Print the service's answer as one object." };
        Command command = new("health", "Ask whether the service is ready: exit 0 if it is, 1 if it is not or does not answer.") { url, json };
        command.SetAction(async (parse, cancellationToken) =>
        {
            Uri address = new(ServiceConnection.Address(terminal, parse.GetValue(url)), "health/ready");
            using HttpClient http = new(terminal.Network()) { Timeout = _patience };
            try
            {
                using HttpResponseMessage response = await http.GetAsync(address, cancellationToken);
                string body = (await response.Content.ReadAsStringAsync(cancellationToken)).Trim();
                await (parse.GetValue(json) ? terminal.Out : terminal.Error).WriteLineAsync(body);
                return response.IsSuccessStatusCode ? ExitCode.Done : ExitCode.Failed;
            }
            catch (Exception error) when (error is HttpRequestException || (error is OperationCanceledException && !cancellationToken.IsCancellationRequested))
            {
                throw new CommandFailedException(ExitCode.Failed, $"no answer from {address}: {error.Message}", error);
            }
        });
        return command;
    }
}
