using System.Buffers;
using Microsoft.Win32.SafeHandles;
using Sluice.Engine.Tensors;

namespace Sluice.Engine.Weights;

/// <summary>
/// A safetensors file, open for reading. Its bytes are copied, not mapped: where somebody cuts it short or writes to it meanwhile, that is an error of the load,
/// while a read beyond the end of a mapped file would end the process.
/// </summary>
internal sealed unsafe class SafetensorsFile : IDisposable
{
    private const int Piece = 1 << 20;

    private readonly SafeFileHandle _handle;
    private readonly DateTime _writtenAt;
    private readonly int _headerBytes;

    private SafetensorsFile(string name, SafeFileHandle handle)
    {
        Name = name;
        _handle = handle;
        try
        {
            FileBytes = RandomAccess.GetLength(handle);
            _writtenAt = File.GetLastWriteTimeUtc(handle);
            byte[] start = new byte[(int)Math.Min(FileBytes, 8)];
            Read(0, start);
            _headerBytes = SafetensorsHeader.Length(name, start, FileBytes);
            byte[] header = new byte[_headerBytes];
            Read(8, header);
            Entries = SafetensorsHeader.Parse(name, header, FileBytes - 8 - _headerBytes);
        }
        catch
        {
            handle.Dispose();
            throw;
        }
    }

    /// <summary>File name without its folder.</summary>
    public string Name { get; }

    public long FileBytes { get; }

    public IReadOnlyList<SafetensorsEntry> Entries { get; }

    public static SafetensorsFile Open(string path)
    {
        string name = Path.GetFileName(path);
        try
        {
            return new SafetensorsFile(name, File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.Read));
        }
        catch (Exception error) when (error is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new ModelFormatException($"{name}: not found in '{Path.GetDirectoryName(path)}'", error);
        }
    }

    /// <summary>A copy of a tensor of this file, the caller's to dispose of. Throws for weights that are not finite, by name and place.</summary>
    public NativeBuffer Read(SafetensorsEntry entry)
    {
        long bytes = entry.End - entry.Begin;
        NativeBuffer copy = new(bytes, clear: false);
        try
        {
            for (long at = 0; at < bytes; at += Piece)
            {
                Span<byte> piece = new(copy.Data + at, (int)Math.Min(Piece, bytes - at));
                Read(8 + _headerBytes + entry.Begin + at, piece);
                RequireFinite(entry, at, piece);
            }

            return copy;
        }
        catch
        {
            copy.Dispose();
            throw;
        }
    }

    /// <summary>All bytes of the file, in pieces of at most 1 MiB.</summary>
    public void ForEachPiece(Action<ReadOnlySpan<byte>> visit)
    {
        byte[] buffer = ArrayPool<byte>.Shared.Rent(Piece);
        for (long at = 0; at < FileBytes; at += Piece)
        {
            Span<byte> piece = buffer.AsSpan(0, (int)Math.Min(Piece, FileBytes - at));
            Read(at, piece);
            visit(piece);
        }

        ArrayPool<byte>.Shared.Return(buffer);
    }

    /// <summary>Throws where the file was written to since it was opened: what was read of it may be of two files.</summary>
    public void RequireUnchanged()
    {
        if (RandomAccess.GetLength(_handle) != FileBytes || File.GetLastWriteTimeUtc(_handle) != _writtenAt)
            throw new ModelFormatException($"{Name}: expected to stay as it is while it is loaded, found it written to");
    }

    public void Dispose() => _handle.Dispose();

    // Here, where the bytes are still in the cache. An infinite weight, or one that is not a number, spoils answers without a word, and not only those that
    // it belongs to: kernels multiply what is masked by zero.
    private void RequireFinite(SafetensorsEntry entry, long at, ReadOnlySpan<byte> piece)
    {
        if (DataTypes.Parse(entry.Type) is not { } type)
            return;
        int index = FiniteNumbers.FirstOther(piece, type);
        if (index < 0)
            return;
        long element = (at / type.Size()) + index;
        string place = entry.Shape.Length == 2 ? $"({element / entry.Shape[1]}, {element % entry.Shape[1]})" : $"({element})";
        throw new ModelFormatException($"{Name}: tensor '{entry.Name}': expected finite numbers, found infinity or NaN at {place}");
    }

    private void Read(long offset, Span<byte> target)
    {
        while (target.Length > 0)
        {
            int read = RandomAccess.Read(_handle, target, offset);
            if (read == 0)
                throw new ModelFormatException($"{Name}: expected {FileBytes} bytes, as when it was opened, found its end at {offset}");
            target = target[read..];
            offset += read;
        }
    }
}
