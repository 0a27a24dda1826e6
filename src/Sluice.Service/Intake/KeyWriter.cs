using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace Sluice.Service.Intake;

/// <summary>
/// An unambiguous byte string to hash: every text is preceded by its UTF-8 length, every list by its count, absent values by -1.
/// Two different sequences of values never give the same bytes.
/// </summary>
internal struct KeyWriter(int capacity)
{
    private byte[] _bytes = new byte[capacity];
    private int _length;

    public void Add(string? text)
    {
        if (text is null)
        {
            Add(-1);
            return;
        }
        int count = Encoding.UTF8.GetByteCount(text);
        Add(count);
        Encoding.UTF8.GetBytes(text, Take(count));
    }

    public void Add(int value) => BinaryPrimitives.WriteInt32LittleEndian(Take(sizeof(int)), value);

    public void Add(long value) => BinaryPrimitives.WriteInt64LittleEndian(Take(sizeof(long)), value);

    public void Add(double value) => BinaryPrimitives.WriteDoubleLittleEndian(Take(sizeof(double)), value);

    public void Add(IReadOnlyList<string>? texts)
    {
        Add(texts?.Count ?? -1);
        foreach (string text in texts ?? [])
        {
            Add(text);
        }
    }

    public void Add(ReadOnlySpan<int> values)
    {
        Add(values.Length);
        foreach (int value in values)
        {
            Add(value);
        }
    }

    /// <summary>SHA-256 of what was added so far; more may follow.</summary>
    public readonly byte[] Hash() => SHA256.HashData(_bytes.AsSpan(0, _length));

    private Span<byte> Take(int count)
    {
        if (_bytes.Length - _length < count)
        {
            Array.Resize(ref _bytes, Math.Max(_bytes.Length * 2, _length + count));
        }
        Span<byte> taken = _bytes.AsSpan(_length, count);
        _length += count;
        return taken;
    }
}
