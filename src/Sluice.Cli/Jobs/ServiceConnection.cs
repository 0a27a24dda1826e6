using System.CommandLine;

namespace Sluice.Cli.Jobs;

/// <summary><c>--url</c> and <c>--key</c>: which service a command talks to, and as whom.</summary>
internal sealed class ServiceConnection(Terminal terminal)
{
    public const string DefaultUrl = "http://127.0.0.1:8080";
    private const string UrlVariable = "SLUICE_URL";
    private const string KeyVariable = "SLUICE_KEY";

    private readonly Option<string?> _url = new("--url") { Description = $"Address of the service; {UrlVariable}, else {DefaultUrl}." };
    private readonly Option<string?> _key = new("--key") { Description = $"API key; {KeyVariable}." };

    public void AddTo(Command command)
    {
        command.Options.Add(_url);
        command.Options.Add(_key);
    }

    public ServiceClient Open(ParseResult parse) => new(terminal, Address(terminal, parse.GetValue(_url)), Given(parse.GetValue(_key)) ?? Given(terminal.Variable(KeyVariable)));

    /// <summary>The address given, else the environment's, else the default; wrong usage where it is no http address.</summary>
    public static Uri Address(Terminal terminal, string? given)
    {
        (string source, string address) = Given(given) is { } url ? ("--url", url)
            : Given(terminal.Variable(UrlVariable)) is { } variable ? (UrlVariable, variable) : ("--url", DefaultUrl);
        return Uri.TryCreate(address.TrimEnd('/') + "/", UriKind.Absolute, out Uri? uri) && uri.Scheme is ("http" or "https")
            ? uri
            : throw CommandFailedException.Usage($"{source}: expected an http or https address, found '{address}'.");
    }

    private static string? Given(string? value) => string.IsNullOrWhiteSpace(value) ? null : value.Trim();
}
