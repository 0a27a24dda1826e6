using System.Runtime.InteropServices;

namespace Sluice.Engine.Backends.Cpu.Assembled;

/// <summary>Machine code in pages of its own: written first, then made executable and never writable again. Lives as long as the process.</summary>
internal static unsafe partial class ExecutableMemory
{
    private const int Read = 1, Write = 2, Execute = 4;
    private const int Private = 2, Anonymous = 0x20;

    /// <summary>Makes memory executable and no longer writable. Not 0 where that is refused: the last error says why, as <c>mprotect</c> has it.</summary>
    public delegate int Protection(void* memory, nuint bytes);

    /// <summary>Where the code lies, or null where the host does not let memory be made executable; <paramref name="why"/> says what it answered.</summary>
    /// <param name="code">Position-independent.</param>
    /// <param name="why">Empty where nothing was refused.</param>
    /// <param name="protect">In place of the host's, for tests; null for that.</param>
    public static byte* Place(ReadOnlySpan<byte> code, out string why, Protection? protect = null)
    {
        why = "";
        nuint bytes = (nuint)code.Length;
        void* memory = Map(null, bytes, Read | Write, Private | Anonymous, -1, 0);
        if ((nint)memory == -1)
        {
            why = $"mmap: {Marshal.GetLastPInvokeErrorMessage()}";
            return null;
        }

        code.CopyTo(new Span<byte>(memory, code.Length));
        if ((protect is null ? Protect(memory, bytes, Read | Execute) : protect(memory, bytes)) == 0)
            return (byte*)memory;
        why = $"mprotect: {Marshal.GetLastPInvokeErrorMessage()}";
        _ = Unmap(memory, bytes);
        return null;
    }

    /// <summary>Adds a routine to code that is to be placed, and returns where it begins: on a cache line.</summary>
    public static int Append(List<byte> code, byte[] routine)
    {
        while (code.Count % 64 != 0)
            code.Add(0xCC);
        int start = code.Count;
        code.AddRange(routine);
        return start;
    }

    [LibraryImport("libc", EntryPoint = "mmap", SetLastError = true)]
    private static partial void* Map(void* address, nuint length, int protection, int flags, int file, nint offset);

    [LibraryImport("libc", EntryPoint = "mprotect", SetLastError = true)]
    private static partial int Protect(void* address, nuint length, int protection);

    [LibraryImport("libc", EntryPoint = "munmap", SetLastError = true)]
    private static partial int Unmap(void* address, nuint length);
}
