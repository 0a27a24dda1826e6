namespace Sluice.Engine.Backends.Cpu.Assembled;

/// <summary>The kernels assembled at start, each kind when it is first asked for, and why there are none where the host refuses. Thread-safe.</summary>
internal sealed class AssembledKernels
{
    private readonly Lazy<TileSet?> _bfloat16;
    private readonly Lazy<TileSet?> _int8;
    private readonly Lazy<AttentionTiles?> _attention;
    private volatile string? _refusal;

    /// <param name="protect">What makes their memory executable, for tests; null for the host.</param>
    public AssembledKernels(ExecutableMemory.Protection? protect = null)
    {
        _bfloat16 = new Lazy<TileSet?>(() => Noted(TileSet.Create(TileKind.BFloat16, protect, out string? why), why));
        _int8 = new Lazy<TileSet?>(() => Noted(TileSet.Create(TileKind.Int8, protect, out string? why), why));
        _attention = new Lazy<AttentionTiles?>(() => Noted(AttentionTiles.Create(protect, out string? why), why is null ? null : "attention: " + why));
    }

    /// <summary>Those that all backends of the process use.</summary>
    public static AssembledKernels OfProcess { get; } = new();

    /// <summary>What the host answered where it first refused one that was asked for, of attention's named so; null where it has refused none.</summary>
    public string? Refusal => _refusal;

    /// <summary>Of attention over bfloat16 pages; null where there are none.</summary>
    public AttentionTiles? Attention => _attention.Value;

    /// <summary>Of products; null where there are none.</summary>
    public TileSet? Tiles(TileKind kind) => kind == TileKind.BFloat16 ? _bfloat16.Value : _int8.Value;

    private T? Noted<T>(T? made, string? why)
        where T : class
    {
        _refusal ??= why;
        return made;
    }
}
