using System.IO.MemoryMappedFiles;
using Sluice.Engine.Tensors;

namespace Sluice.Engine.Weights;

/// <summary>A safetensors file, mapped into memory. It must not be cut short while it is open: a read beyond the end of a mapped file ends the process.</summary>
internal sealed unsafe class SafetensorsFile : IDisposable
{
    private readonly MemoryMappedFile _map;
    private readonly MemoryMappedViewAccessor _view;
    private readonly byte* _start;
    private readonly int _headerBytes;

    private SafetensorsFile(string name, FileStream stream, long length)
    {
        Name = name;
        FileBytes = length;
        _map = MemoryMappedFile.CreateFromFile(stream, null, 0, MemoryMappedFileAccess.Read, HandleInheritability.None, leaveOpen: false);
        _view = _map.CreateViewAccessor(0, length, MemoryMappedFileAccess.Read);
        _view.SafeMemoryMappedViewHandle.AcquirePointer(ref _start);
        _start += _view.PointerOffset;
        try
        {
            _headerBytes = SafetensorsHeader.Length(name, new ReadOnlySpan<byte>(_start, (int)Math.Min(length, 8)), length);
            Entries = SafetensorsHeader.Parse(name, new ReadOnlySpan<byte>(_start + 8, _headerBytes), length - 8 - _headerBytes);
        }
        catch
        {
            Dispose();
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
        FileStream stream;
        try
        {
            stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read);
        }
        catch (Exception error) when (error is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new ModelFormatException($"{name}: not found in '{Path.GetDirectoryName(path)}'", error);
        }

        long length = stream.Length;
        if (length >= 8)
            return new SafetensorsFile(name, stream, length);
        stream.Dispose();
        throw new SafetensorsException(SafetensorsError.FileTooShort, name, $"expected 8 bytes or more, found {length}");
    }

    /// <summary>First byte of a tensor of this file.</summary>
    public byte* Data(SafetensorsEntry entry) => _start + 8 + _headerBytes + entry.Begin;

    /// <summary>All bytes of the file, in pieces of at most 1 MiB.</summary>
    public void ForEachPiece(Action<ReadOnlySpan<byte>> visit)
    {
        const int Piece = 1 << 20;
        for (long at = 0; at < FileBytes; at += Piece)
        {
            int bytes = (int)Math.Min(Piece, FileBytes - at);
            visit(new ReadOnlySpan<byte>(_start + at, bytes));
            MemoryAdvice.Forget(_start + at, bytes);
        }
    }

    public void Dispose()
    {
        _view.SafeMemoryMappedViewHandle.ReleasePointer();
        _view.Dispose();
        _map.Dispose();
    }
}
