using System.Net;
using System.Text;
using Sluice.Cli;

namespace Sluice.Tests.Cli;

/// <summary>One run of <c>sluice</c> in this process, with streams, environment and network of its own.</summary>
internal sealed record CliRun(int ExitCode, string Out, string Error)
{
    public string[] Lines => Out.Split('\n', StringSplitOptions.RemoveEmptyEntries);

    public static Task<CliRun> OfAsync(string[] args, string input = "", HttpMessageHandler? network = null, params (string Name, string Value)[] environment) =>
        OfAsync(args, new StringReader(input), network, environment);

    public static Task<CliRun> OfAsync(string[] args, TextReader input, HttpMessageHandler? network = null, params (string Name, string Value)[] environment) =>
        OfAsync(args, input, network, TimeProvider.System, environment);

    /// <summary>By a clock of its own.</summary>
    public static Task<CliRun> OfAsync(string[] args, TimeProvider time, HttpMessageHandler? network = null) => OfAsync(args, TextReader.Null, network, time, []);

    /// <summary>Standard input as a process has it: bytes that are not UTF-8 are refused where they are read.</summary>
    public static TextReader Bytes(params byte[] bytes) => new StreamReader(new MemoryStream(bytes), new UTF8Encoding(false, throwOnInvalidBytes: true));

    private static async Task<CliRun> OfAsync(string[] args, TextReader input, HttpMessageHandler? network, TimeProvider time, (string Name, string Value)[] environment)
    {
        StringWriter output = new() { NewLine = "\n" }, error = new() { NewLine = "\n" };
        Dictionary<string, string> variables = environment.ToDictionary(e => e.Name, e => e.Value);
        using Terminal terminal = new()
        {
            In = input,
            Out = output,
            Error = error,
            Time = time,
            Variable = variables.GetValueOrDefault,
            Network = () => network ?? new Scripted(_ => throw new HttpRequestException("nobody listens")),
        };
        int code = await Program.RunAsync(args, terminal, CancellationToken.None);
        return new CliRun(code, output.ToString(), error.ToString());
    }
}

/// <summary>A service of canned answers that keeps what it was asked.</summary>
internal sealed class Scripted(Func<HttpRequestMessage, HttpResponseMessage> answer) : HttpMessageHandler
{
    public List<(HttpRequestMessage Request, string Body)> Asked { get; } = [];

    /// <summary>Gives these bodies one after the other, the last for ever.</summary>
    public static Scripted Of(HttpStatusCode status, params string[] bodies)
    {
        int at = 0;
        return new Scripted(_ => new HttpResponseMessage(status)
        {
            Content = new StringContent(bodies[Math.Min(at++, bodies.Length - 1)], Encoding.UTF8, "application/json"),
            Headers = { { "Retry-After", "0" } },
        });
    }

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        Asked.Add((request, request.Content is null ? "" : await request.Content.ReadAsStringAsync(cancellationToken)));
        return answer(request);
    }
}
