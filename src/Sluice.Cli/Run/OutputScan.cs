using System.Globalization;
using Sluice.Service.Files;

namespace Sluice.Cli.Run;

/// <summary>Reads lines of an output back, from a byte on, and notes which input lines they answer.</summary>
internal static class OutputScan
{
    /// <summary>What a scan has found.</summary>
    /// <param name="End">Where the last whole line of this run ends.</param>
    /// <param name="Lines">Lines read.</param>
    /// <param name="Failed">Of them, error lines.</param>
    /// <param name="Alien">What stands at <paramref name="End"/> has a line's end, but is no line of this run; null where there is nothing, or a torn line.</param>
    public sealed record Found(long End, long Lines, long Failed, string? Alien);

    /// <param name="output">Positioned anywhere.</param>
    /// <param name="from">The start of a line.</param>
    /// <param name="run">Fingerprint of the input and the model.</param>
    /// <param name="done">Gets the numbers.</param>
    public static async Task<Found> RunAsync(Stream output, long from, ulong run, LineSet done, CancellationToken cancellationToken)
    {
        output.Position = from;
        LineSplitter lines = new(output, 1 << 30, from);
        byte[] digits = System.Text.Encoding.ASCII.GetBytes(Fingerprint.Text(run));
        long end = from, count = 0, failed = 0;
        while (await lines.NextAsync(cancellationToken))
        {
            ReadOnlyMemory<byte> line = lines.Line;
            bool whole = lines.Consumed > lines.Offset + line.Length;
            if (!whole) break;
            if (!OutputLines.TryRead(line.Span, out ReadOnlySpan<byte> of, out long number, out bool succeeded))
                return new(end, count, failed, $"byte {Text(end)} begins a line that no run wrote");
            if (!of.SequenceEqual(digits))
                return new(end, count, failed, $"byte {Text(end)} begins a line of another input or another model");
            done.Add(number);
            count++;
            if (!succeeded) failed++;
            end = lines.Consumed;
        }
        return new(end, count, failed, null);
    }

    private static string Text(long at) => at.ToString(CultureInfo.InvariantCulture);
}
