using System.Threading.Channels;

namespace Sluice.Cli.Run;

/// <summary>Finished lines on their way to the file: many writers wait where the disk is slower than they, one reader.</summary>
internal sealed class OutputQueue(TimeProvider time)
{
    private const int Bound = 1024;
    private static readonly TimeSpan _checkpointEvery = TimeSpan.FromSeconds(1);
    private readonly Channel<OutputLine> _lines = Channel.CreateBounded<OutputLine>(new BoundedChannelOptions(Bound) { SingleReader = true });

    public ValueTask AddAsync(OutputLine line, CancellationToken cancellationToken) => _lines.Writer.WriteAsync(line, cancellationToken);

    /// <summary>No line comes any more.</summary>
    public void Complete() => _lines.Writer.TryComplete();

    /// <summary>Writes until <see cref="Complete"/>; a disk that refuses throws here, and then in <see cref="AddAsync"/>.</summary>
    public async Task WriteAsync(ResultsFile results, RunTotals totals)
    {
        try
        {
            long last = time.GetTimestamp();
            while (await _lines.Reader.WaitToReadAsync(CancellationToken.None))
            {
                while (_lines.Reader.TryRead(out OutputLine? line))
                {
                    results.Append(line.Number, line.Bytes, line.Failed);
                    totals.AddWritten(line);
                    if (time.GetElapsedTime(last) >= _checkpointEvery) Checkpoint();
                }
                results.Write();
                if (time.GetElapsedTime(last) >= _checkpointEvery) Checkpoint();
            }
            results.Checkpoint();

            void Checkpoint()
            {
                results.Checkpoint();
                last = time.GetTimestamp();
            }
        }
        catch (Exception fault)
        {
            _lines.Writer.TryComplete(fault);
            throw;
        }
    }
}
