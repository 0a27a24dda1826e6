using System.Runtime.InteropServices;

namespace Sluice.Engine.Tensors;

/// <summary>What the operating system is told of memory. It may do nothing of it.</summary>
internal static unsafe partial class MemoryAdvice
{
    /// <summary>Large pages: fewer look-ups where weights are streamed, and fewer faults at first use.</summary>
    public const long LargePage = 2 << 20;

    private const int DontNeed = 4, HugePage = 14;

    /// <summary>Asks for large pages in a range that begins at a border of one.</summary>
    public static void Large(byte* start, long bytes)
    {
        if (OperatingSystem.IsLinux())
            _ = Advise(start, (nuint)bytes, HugePage);
    }

    /// <summary>The whole pages within a range of a mapped file are not needed any more: they leave this process's memory, and come back from the file if read.</summary>
    public static void Forget(byte* start, long bytes)
    {
        nint page = Environment.SystemPageSize;
        byte* from = (byte*)(((nint)start + page - 1) / page * page);
        byte* to = (byte*)((nint)(start + bytes) / page * page);
        if (OperatingSystem.IsLinux() && to > from)
            _ = Advise(from, (nuint)(to - from), DontNeed);
    }

    [LibraryImport("libc", EntryPoint = "madvise")]
    private static partial int Advise(void* address, nuint length, int advice);
}
