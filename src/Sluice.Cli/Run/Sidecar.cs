using System.Buffers.Binary;
using System.Security.Cryptography;
using Microsoft.Win32.SafeHandles;

namespace Sluice.Cli.Run;

/// <summary>How much of the output a <see cref="Sidecar"/> vouches for.</summary>
/// <param name="Run">Fingerprint of the input and the model.</param>
/// <param name="OutputBytes">The first so many bytes of the output are whole lines, durable, and their bits are set.</param>
/// <param name="Lines">Lines in those bytes.</param>
/// <param name="Failed">Of them, error lines.</param>
internal readonly record struct Covered(ulong Run, long OutputBytes, long Lines, long Failed);

/// <summary>
/// <c>OUT.progress</c>: which lines are in the output, one bit per input line after a header of 64 bytes. It only spares a resume from reading the whole
/// output, which is the truth. Bits become durable after the lines that they speak of, and the header after the bits. Open, it keeps a second run out.
/// </summary>
internal sealed class Sidecar : IDisposable
{
    private const int HeaderBytes = 64;
    private const int SumAt = 40;
    private static ReadOnlySpan<byte> Magic => "SLUICE01"u8;
    private readonly SafeFileHandle _file;

    private Sidecar(SafeFileHandle file) => _file = file;

    public static string PathOf(string output) => output + ".progress";

    /// <summary>Opens or creates it. Throws <see cref="IOException"/> where another run has it open.</summary>
    public static Sidecar Open(string output) => new(File.OpenHandle(PathOf(output), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None));

    /// <summary>Null for a file that is empty, torn or not one of these.</summary>
    public (Covered Header, LineSet Lines)? Read()
    {
        long length = RandomAccess.GetLength(_file);
        if (length < HeaderBytes || length - HeaderBytes > Array.MaxLength) return null;
        byte[] header = new byte[HeaderBytes];
        ReadAll(header, 0);
        if (!header.AsSpan().StartsWith(Magic) || !Sum(header).SequenceEqual(header.AsSpan(SumAt, sizeof(ulong)))) return null;
        Covered covered = new(
            BinaryPrimitives.ReadUInt64LittleEndian(header.AsSpan(8)), BinaryPrimitives.ReadInt64LittleEndian(header.AsSpan(16)),
            BinaryPrimitives.ReadInt64LittleEndian(header.AsSpan(24)), BinaryPrimitives.ReadInt64LittleEndian(header.AsSpan(32)));
        byte[] bits = new byte[length - HeaderBytes];
        ReadAll(bits, HeaderBytes);
        return (covered, new LineSet(bits));
    }

    /// <summary>Throws away what is there. Nothing is covered after it.</summary>
    public void Clear() => RandomAccess.SetLength(_file, 0);

    /// <summary>Returns when the bits are durable.</summary>
    public void WriteBits(int at, ReadOnlySpan<byte> bits)
    {
        RandomAccess.Write(_file, bits, HeaderBytes + at);
        RandomAccess.FlushToDisk(_file);
    }

    /// <summary>Returns when the header is durable. It lies in one sector, so it is the old or the new one.</summary>
    public void WriteHeader(Covered covered)
    {
        byte[] header = new byte[HeaderBytes];
        Magic.CopyTo(header);
        BinaryPrimitives.WriteUInt64LittleEndian(header.AsSpan(8), covered.Run);
        BinaryPrimitives.WriteInt64LittleEndian(header.AsSpan(16), covered.OutputBytes);
        BinaryPrimitives.WriteInt64LittleEndian(header.AsSpan(24), covered.Lines);
        BinaryPrimitives.WriteInt64LittleEndian(header.AsSpan(32), covered.Failed);
        Sum(header).CopyTo(header.AsSpan(SumAt));
        RandomAccess.Write(_file, header, 0);
        RandomAccess.FlushToDisk(_file);
    }

    public void Dispose() => _file.Dispose();

    private static byte[] Sum(ReadOnlySpan<byte> header) => SHA256.HashData(header[..SumAt])[..sizeof(ulong)];

    private void ReadAll(Span<byte> into, long at)
    {
        while (into.Length > 0 && RandomAccess.Read(_file, into, at) is > 0 and int read)
        {
            into = into[read..];
            at += read;
        }
    }
}
