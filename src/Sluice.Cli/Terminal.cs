using System.Text;
using Spectre.Console;

namespace Sluice.Cli;

/// <summary>What a command has around it: streams, environment, clock and the way to the network. Results go to <see cref="Out"/>, everything else to <see cref="Error"/>.</summary>
internal sealed class Terminal : IDisposable
{
    private static readonly UTF8Encoding _strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    public required TextReader In { get; init; }
    public required TextWriter Out { get; init; }
    public required TextWriter Error { get; init; }

    /// <summary>A variable of the environment; null where it is not set.</summary>
    public Func<string, string?> Variable { get; init; } = Environment.GetEnvironmentVariable;

    public TimeProvider Time { get; init; } = ShiftedTime.Of(Environment.GetEnvironmentVariable(ShiftedTime.Variable));

    /// <summary>Makes the end of an HTTP connection.</summary>
    public Func<HttpMessageHandler> Network { get; init; } = () => new SocketsHttpHandler();

    /// <summary>A person watches <see cref="Error"/>: progress may be drawn there.</summary>
    public bool Interactive { get; init; }

    /// <summary>The process's own. Input that is not UTF-8 throws <see cref="DecoderFallbackException"/> where it is read.</summary>
    public static Terminal OfProcess() => new()
    {
        In = new StreamReader(Console.OpenStandardInput(), _strict, detectEncodingFromByteOrderMarks: false),
        Out = new StreamWriter(Console.OpenStandardOutput(), _strict, 1 << 16),
        Error = new StreamWriter(Console.OpenStandardError(), new UTF8Encoding(false)) { AutoFlush = true },
        Interactive = !Console.IsErrorRedirected,
    };

    /// <summary>Tables for people on <see cref="Out"/>; never cut where nobody watches.</summary>
    public IAnsiConsole Tables() => Draw(Out, Console.IsOutputRedirected);

    /// <summary>Progress for people on <see cref="Error"/>.</summary>
    public IAnsiConsole Progress() => Draw(Error, !Interactive);

    public void Dispose()
    {
        Out.Flush();
        Error.Flush();
    }

    private static IAnsiConsole Draw(TextWriter writer, bool plain)
    {
        IAnsiConsole console = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Out = new AnsiConsoleOutput(writer),
            Ansi = plain ? AnsiSupport.No : AnsiSupport.Detect,
            ColorSystem = plain ? ColorSystemSupport.NoColors : ColorSystemSupport.Detect,
        });
        if (plain) console.Profile.Width = 400;
        return console;
    }
}
