using System.Runtime.InteropServices;

namespace Sluice.Engine.Tensors;

/// <summary>Memory outside the garbage-collected heap, aligned to a cache line, from 4 MiB on to a large page. Pages that are never written take no room.</summary>
internal sealed unsafe class NativeBuffer : IDisposable
{
    private const int Alignment = 64;

    /// <summary>Bytes that this thread has taken so far, given back or not.</summary>
    [ThreadStatic]
    internal static long TakenByThread;

    /// <param name="bytes">0 or more; rounded up to whole cache lines.</param>
    /// <param name="clear">Start as zeros rather than as whatever is there.</param>
    public NativeBuffer(long bytes, bool clear = true)
    {
        Bytes = Math.Max(Alignment, (bytes + Alignment - 1) / Alignment * Alignment);
        bool large = Bytes >= 2 * MemoryAdvice.LargePage;
        Data = (byte*)NativeMemory.AlignedAlloc((nuint)Bytes, large ? (nuint)MemoryAdvice.LargePage : Alignment);
        if (large)
            MemoryAdvice.Large(Data, Bytes);
        if (clear)
            NativeMemory.Clear(Data, (nuint)Bytes);
        GC.AddMemoryPressure(Bytes);
        TakenByThread += Bytes;
    }

    ~NativeBuffer() => Free();

    public long Bytes { get; }

    public byte* Data { get; private set; }

    public float* Floats => (float*)Data;

    public void Dispose()
    {
        Free();
        GC.SuppressFinalize(this);
    }

    private void Free()
    {
        if (Data is null)
            return;
        NativeMemory.AlignedFree(Data);
        Data = null;
        GC.RemoveMemoryPressure(Bytes);
    }
}
