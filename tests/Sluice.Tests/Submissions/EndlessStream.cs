namespace Sluice.Tests.Submissions;

/// <summary>A beginning, then one byte again and again; fails where far too much is read.</summary>
internal sealed class EndlessStream(byte[] first, byte value, long most) : Stream
{
    private long _read;

    public override bool CanRead => true;
    public override bool CanSeek => false;
    public override bool CanWrite => false;
    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public override int Read(byte[] buffer, int offset, int count)
    {
        if (_read == 0 && first.Length > 0)
        {
            first.CopyTo(buffer, offset);
            return (int)(_read = first.Length);
        }
        _read += count;
        if (_read > most)
            throw new InvalidOperationException($"{_read} bytes were read.");
        buffer.AsSpan(offset, count).Fill(value);
        return count;
    }

    public override void Flush()
    {
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
}
