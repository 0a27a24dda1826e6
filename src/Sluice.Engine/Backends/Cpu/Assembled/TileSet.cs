using System.Runtime.Intrinsics.X86;

namespace Sluice.Engine.Backends.Cpu.Assembled;

/// <summary>
/// The assembled tiles of one kind, for every number of rows that one takes: where the processor has the instructions and the host lets memory be made
/// executable. <see cref="AssembledKernels"/> makes them once.
/// </summary>
internal sealed unsafe class TileSet
{
    private readonly byte*[] _single = new byte*[TileAssembler.MostRows + 1]; // by rows, one panel
    private readonly byte*[] _several = new byte*[TileAssembler.MostRows + 1]; // by rows, Panels(rows) panels
    private readonly byte* _peak;

    private TileSet(TileKind kind, byte* code, int[] single, int[] several, int peak)
    {
        Kind = kind;
        for (int rows = 1; rows <= TileAssembler.MostRows; rows++)
        {
            _single[rows] = code + single[rows];
            _several[rows] = code + several[rows];
        }

        _peak = code + peak;
    }

    public TileKind Kind { get; }

    /// <summary>AVX-512 (with the operating system's support, which .NET has looked at) and the instruction itself.</summary>
    public static bool HasInstructions(TileKind kind)
    {
        if (!OperatingSystem.IsLinux() || !Environment.Is64BitProcess || !Isa.Avx512 || !Avx512BW.IsSupported || X86Base.CpuId(0, 0).Eax < 7)
            return false;
        (int mostSubleaf, _, int ecx, _) = X86Base.CpuId(7, 0);
        return kind == TileKind.Int8 ? (ecx & (1 << 11)) != 0 : mostSubleaf >= 1 && (X86Base.CpuId(7, 1).Eax & (1 << 5)) != 0;
    }

    /// <summary>
    /// They are faster than what intrinsics give. Bytes always are. Pairs of bfloat16 do twice the work of float32 multiply-adds on AMD's processors and half
    /// of it on Intel's (Emerald Rapids, one thread: 80 beside 178 GFLOP/s). Asked of the processor, not timed: two processes on one machine must agree.
    /// </summary>
    public static bool Pays(TileKind kind) => kind == TileKind.Int8 || !X86Base.IsSupported || X86Base.CpuId(0, 0) is not { Ebx: 0x756E6547, Edx: 0x49656E69, Ecx: 0x6C65746E }; // GenuineIntel

    /// <summary>Rows 1 to 12 x one panel.</summary>
    public void Single(int rows, TileArguments* arguments) => ((delegate* unmanaged<TileArguments*, void>)_single[rows])(arguments);

    /// <summary>Rows 1 to 12 x <see cref="TileAssembler.Panels"/> panels.</summary>
    public void Several(int rows, TileArguments* arguments) => ((delegate* unmanaged<TileArguments*, void>)_several[rows])(arguments);

    /// <summary>See <see cref="TileAssembler.Peak"/>.</summary>
    public void Peak(long rounds)
    {
        TileArguments arguments = new() { Lines = (nint)rounds };
        ((delegate* unmanaged<TileArguments*, void>)_peak)(&arguments);
    }

    /// <summary>Null where the processor or the host has none; <paramref name="why"/> is what the host answered, null where it was not asked or did not refuse.</summary>
    public static TileSet? Create(TileKind kind, ExecutableMemory.Protection? protect, out string? why)
    {
        why = null;
        if (!HasInstructions(kind))
            return null;
        List<byte> code = [];
        int[] single = new int[TileAssembler.MostRows + 1], several = new int[TileAssembler.MostRows + 1];
        for (int rows = 1; rows <= TileAssembler.MostRows; rows++)
        {
            single[rows] = ExecutableMemory.Append(code, new TileAssembler(kind).Tile(rows, 1));
            int panels = TileAssembler.Panels(rows);
            several[rows] = panels == 1 ? single[rows] : ExecutableMemory.Append(code, new TileAssembler(kind).Tile(rows, panels));
        }

        int peak = ExecutableMemory.Append(code, new TileAssembler(kind).Peak());
        byte* placed = ExecutableMemory.Place(code.ToArray(), out string answer, protect);
        if (placed is not null)
            return new TileSet(kind, placed, single, several, peak);
        why = answer;
        return null;
    }
}
