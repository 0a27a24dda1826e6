using System.Runtime.InteropServices;

namespace Sluice.Engine.Tensors;

/// <summary>What the operating system is told of memory. It may do nothing of it.</summary>
internal static unsafe partial class MemoryAdvice
{
    /// <summary>Large pages: fewer look-ups where weights are streamed, and fewer faults at first use.</summary>
    public const long LargePage = 2 << 20;

    private const int HugePage = 14;

    /// <summary>Asks for large pages in a range that begins at a border of one.</summary>
    public static void Large(byte* start, long bytes)
    {
        if (OperatingSystem.IsLinux())
            _ = Advise(start, (nuint)bytes, HugePage);
    }

    [LibraryImport("libc", EntryPoint = "madvise")]
    private static partial int Advise(void* address, nuint length, int advice);
}
