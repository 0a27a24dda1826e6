using System.Security.Cryptography;

namespace Sluice.Service.Submissions;

/// <summary>Counts and hashes what is read through it, and ends where that is too much. The inner stream is not disposed.</summary>
internal sealed class HashingStream : Stream
{
    private readonly Stream _inner;
    private readonly long _most;
    private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);

    /// <param name="inner">Read only.</param>
    /// <param name="before">Hashed first.</param>
    /// <param name="most">Bytes that it may have: past them there is nothing more to read.</param>
    public HashingStream(Stream inner, ReadOnlySpan<byte> before, long most)
    {
        _inner = inner;
        _most = most;
        _hash.AppendData(before);
    }

    /// <summary>Bytes so far.</summary>
    public long Count { get; private set; }

    /// <summary>It has more bytes than it may have.</summary>
    public bool TooLong => Count > _most;
    public override bool CanRead => true;
    public override bool CanSeek => false;
    public override bool CanWrite => false;
    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => Count;
        set => throw new NotSupportedException();
    }

    /// <summary>Of everything; once.</summary>
    public byte[] Hash() => _hash.GetHashAndReset();

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        int read = TooLong ? 0 : await _inner.ReadAsync(buffer, cancellationToken);
        _hash.AppendData(buffer.Span[..read]);
        Count += read;
        return read;
    }

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) => ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override void Flush()
    {
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        _hash.Dispose();
        base.Dispose(disposing);
    }
}
