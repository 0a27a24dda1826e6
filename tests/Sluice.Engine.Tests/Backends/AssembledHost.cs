using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using Sluice.Engine.Backends.Cpu.Assembled;
using Xunit;

namespace Sluice.Engine.Tests.Backends;

/// <summary>What processor and host allow of assembled kernels, found without asking the product: so that a refusal nobody expects fails a test instead of skipping it.</summary>
internal static partial class AssembledHost
{
    private const int Read = 1, Write = 2, Execute = 4;
    private const int Private = 2, Anonymous = 0x20;

    private static readonly HashSet<string> s_flags = ReadFlags();

    /// <summary>This host does not let written memory be made executable.</summary>
    public static bool ForbidsExecutable { get; } = !MayExecute();

    /// <summary>The kernel names the instructions, and .NET has AVX-512 here: not left out by a DOTNET_ variable, nor on processors where it slows down.</summary>
    public static bool HasInstructions(TileKind kind) =>
        OperatingSystem.IsLinux() && Vector512.IsHardwareAccelerated && Avx512BW.IsSupported && s_flags.Contains(kind == TileKind.Int8 ? "avx512_vnni" : "avx512_bf16");

    /// <summary>Skips where the processor or the host has no such tiles; fails where both could have them and they are not there.</summary>
    public static void Require(TileKind kind)
    {
        AssembledKernels kernels = AssembledKernels.OfProcess;
        if (kernels.Tiles(kind) is not null && (kind == TileKind.Int8 || kernels.Attention is not null))
            return;
        Assert.SkipUnless(HasInstructions(kind), $"This processor, or what is left of it, has no {kind} products on 512 bits.");
        Assert.SkipWhen(ForbidsExecutable, "This host lets no memory be made executable.");
        Assert.Fail($"{kind}: the processor has the instructions and the host lets memory be made executable, yet there are no tiles: {kernels.Refusal ?? "no reason given"}");
    }

    private static HashSet<string> ReadFlags()
    {
        const string Path = "/proc/cpuinfo";
        string? line = File.Exists(Path) ? File.ReadLines(Path).FirstOrDefault(l => l.StartsWith("flags", StringComparison.Ordinal)) : null;
        return line is null ? [] : line[(line.IndexOf(':') + 1)..].Split(' ', StringSplitOptions.RemoveEmptyEntries).ToHashSet();
    }

    private static bool MayExecute()
    {
        nuint bytes = (nuint)Environment.SystemPageSize;
        nint memory = Map(0, bytes, Read | Write, Private | Anonymous, -1, 0);
        if (memory == -1)
            return false;
        bool may = Protect(memory, bytes, Read | Execute) == 0;
        _ = Unmap(memory, bytes);
        return may;
    }

    [LibraryImport("libc", EntryPoint = "mmap")]
    private static partial nint Map(nint address, nuint length, int protection, int flags, int file, nint offset);

    [LibraryImport("libc", EntryPoint = "mprotect")]
    private static partial int Protect(nint address, nuint length, int protection);

    [LibraryImport("libc", EntryPoint = "munmap")]
    private static partial int Unmap(nint address, nuint length);
}
