namespace Sluice.Service.Files;

/// <summary>Lines out of a stream of bytes, one at a time. Memory is bounded by the longest line that is kept.</summary>
/// <param name="stream">Read to its end; not disposed.</param>
/// <param name="mostBytes">A longer line is passed over, and said to be too long.</param>
/// <param name="offset">Where in the file the stream begins.</param>
internal sealed class LineSplitter(Stream stream, int mostBytes = LineSplitter.MostLineBytes, long offset = 0)
{
    public const int MostLineBytes = 8 << 20;

    private byte[] _buffer = new byte[Math.Min(1 << 16, mostBytes + 1)];
    private int _start; // [_start, _end) is read and not handed out
    private int _end;
    private bool _over;

    /// <summary>1 for the first line.</summary>
    public long Number { get; private set; }

    /// <summary>Of the line's first byte, in the file.</summary>
    public long Offset { get; private set; } = offset;

    /// <summary>Bytes of the file before the end of this line.</summary>
    public long Consumed { get; private set; } = offset;

    /// <summary>Without its end (LF or CRLF), and without a byte order mark before the first. Valid until the next call; empty where <see cref="TooLong"/>.</summary>
    public ReadOnlyMemory<byte> Line { get; private set; }

    public bool TooLong { get; private set; }

    /// <summary>False at the end. A last line without a line feed counts.</summary>
    public async ValueTask<bool> NextAsync(CancellationToken cancellationToken)
    {
        Offset = Consumed;
        TooLong = false;
        int seen = 0; // bytes after _start that hold no line feed
        while (true)
        {
            int at = _buffer.AsSpan(_start + seen, _end - _start - seen).IndexOf((byte)'\n');
            if (at >= 0)
            {
                Take(seen + at, 1);
                return true;
            }
            seen = _end - _start;
            if (_over)
            {
                if (seen == 0 && !TooLong)
                {
                    return false;
                }
                Take(seen, 0);
                return true;
            }
            if (seen > mostBytes)
            {
                TooLong = true;
                Consumed += seen;
                (_start, _end, seen) = (0, 0, 0);
            }
            await FillAsync(cancellationToken);
        }
    }

    private void Take(int length, int end)
    {
        Number++;
        Consumed += length + end;
        TooLong |= length > mostBytes;
        ReadOnlyMemory<byte> line = TooLong ? default : _buffer.AsMemory(_start, length);
        if (Number == 1 && line.Span.StartsWith("\uFEFF"u8))
        {
            line = line[3..];
        }
        Line = line.Length > 0 && line.Span[^1] == '\r' ? line[..^1] : line;
        _start += length + end;
    }

    private async ValueTask FillAsync(CancellationToken cancellationToken)
    {
        if (_start > 0)
        {
            Buffer.BlockCopy(_buffer, _start, _buffer, 0, _end - _start);
            (_start, _end) = (0, _end - _start);
        }
        if (_end == _buffer.Length)
        {
            Array.Resize(ref _buffer, (int)Math.Min(2L * _buffer.Length, mostBytes + 1L));
        }
        int read = await stream.ReadAsync(_buffer.AsMemory(_end), cancellationToken);
        _over = read == 0;
        _end += read;
    }
}
