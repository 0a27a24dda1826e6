using Microsoft.Win32.SafeHandles;

namespace Sluice.Cli.Run;

/// <summary>Steps of writing, in their order; a kill after any of them loses no line and doubles none.</summary>
internal enum WriteStage
{
    Appended,
    Written,
    OutputDurable,
    BitsDurable,
    HeaderDurable,
}

/// <summary>
/// The output and its sidecar. Every line is in the output at most once, whenever the process dies: a line counts as done once it stands whole in the output;
/// the sidecar follows behind. One thread.
/// </summary>
/// <param name="after">Told after every step; null in production.</param>
internal sealed class ResultsFile(SafeFileHandle output, Sidecar sidecar, Covered start, LineSet done, Action<WriteStage>? after) : IDisposable
{
    private const int BufferBytes = 1 << 18;
    private readonly byte[] _buffer = new byte[BufferBytes];
    private int _buffered;
    private long _length = start.OutputBytes;
    private Covered _covered = start;
    private long _lines = start.Lines;
    private long _failed = start.Failed;

    /// <summary>Lines that were done when the file was opened.</summary>
    public LineSet DoneBefore { get; } = done.Copy();

    /// <summary>Of <see cref="DoneBefore"/>, error lines.</summary>
    public long FailedBefore { get; } = start.Failed;

    /// <summary>Adds a line, its end included. It is in the file after <see cref="Write"/>, and safe from a loss of power after <see cref="Checkpoint"/>.</summary>
    public void Append(long number, ReadOnlySpan<byte> line, bool failed)
    {
        if (!done.Add(number)) throw new InvalidOperationException($"Line {number} is answered already.");
        if (_buffered + line.Length > BufferBytes) Write();
        if (line.Length > BufferBytes)
        {
            RandomAccess.Write(output, line, _length);
            _length += line.Length;
        }
        else
        {
            line.CopyTo(_buffer.AsSpan(_buffered));
            _buffered += line.Length;
        }
        _lines++;
        if (failed) _failed++;
        after?.Invoke(WriteStage.Appended);
    }

    public void Write()
    {
        if (_buffered == 0) return;
        RandomAccess.Write(output, _buffer.AsSpan(0, _buffered), _length);
        _length += _buffered;
        _buffered = 0;
        after?.Invoke(WriteStage.Written);
    }

    /// <summary>Makes durable, in this order: the lines, their bits, the header that vouches for both.</summary>
    public void Checkpoint()
    {
        Write();
        Covered now = _covered with { OutputBytes = _length, Lines = _lines, Failed = _failed };
        if (now == _covered) return;
        RandomAccess.FlushToDisk(output);
        after?.Invoke(WriteStage.OutputDurable);
        (int at, ReadOnlyMemory<byte> bits) = done.TakeChanges();
        sidecar.WriteBits(at, bits.Span);
        after?.Invoke(WriteStage.BitsDurable);
        sidecar.WriteHeader(now);
        _covered = now;
        after?.Invoke(WriteStage.HeaderDurable);
    }

    /// <summary>Writes nothing: who wants the last lines kept has made a checkpoint.</summary>
    public void Dispose()
    {
        output.Dispose();
        sidecar.Dispose();
    }
}
