namespace Sluice.Engine.Backends.Cpu.Assembled;

/// <summary>The assembled tiles of attention over bfloat16 pages, where <see cref="TileSet"/> has those of products with bfloat16. <see cref="AssembledKernels"/> makes them once.</summary>
internal sealed unsafe class AttentionTiles
{
    private readonly byte* _code;
    private readonly int[] _scores; // by rows, one page or several, ahead or not
    private readonly int[] _values; // by rows and columns, ahead or not

    private AttentionTiles(byte* code, int[] scores, int[] values)
    {
        _code = code;
        _scores = scores;
        _values = values;
    }

    /// <summary>Rows 1 to 12 x one page or <see cref="AttentionAssembler.PagesOf"/> of them.</summary>
    public void Scores(int rows, bool several, bool ahead, ScoreArguments* arguments) =>
        ((delegate* unmanaged[SuppressGCTransition]<ScoreArguments*, void>)(_code + _scores[ScoreAt(rows, several, ahead)]))(arguments);

    /// <summary>Rows 1 to 12 x 1, 2 or 4 sixteens of columns, at most <see cref="AttentionAssembler.ColumnsOf"/>.</summary>
    public void Values(int rows, int columns, bool ahead, ValueArguments* arguments) =>
        ((delegate* unmanaged[SuppressGCTransition]<ValueArguments*, void>)(_code + _values[ValueAt(rows, columns, ahead)]))(arguments);

    private static int ScoreAt(int rows, bool several, bool ahead) => (rows * 4) + (several ? 2 : 0) + (ahead ? 1 : 0);

    private static int ValueAt(int rows, int columns, bool ahead) => (rows * 16) + (columns * 2) + (ahead ? 1 : 0);

    /// <summary>As <see cref="TileSet.Create"/>.</summary>
    public static AttentionTiles? Create(ExecutableMemory.Protection? protect, out string? why)
    {
        why = null;
        if (!TileSet.HasInstructions(TileKind.BFloat16))
            return null;
        List<byte> code = [];
        int[] scores = new int[(AttentionAssembler.MostRows + 1) * 4], values = new int[(AttentionAssembler.MostRows + 1) * 16];
        for (int rows = 1; rows <= AttentionAssembler.MostRows; rows++)
        {
            foreach (bool ahead in (ReadOnlySpan<bool>)[false, true])
            {
                foreach (bool several in (ReadOnlySpan<bool>)[false, true])
                    scores[ScoreAt(rows, several, ahead)] = ExecutableMemory.Append(code, new AttentionAssembler().ScoreTile(rows, several ? AttentionAssembler.PagesOf(rows) : 1, ahead));
                for (int columns = 1; columns <= AttentionAssembler.ColumnsOf(rows); columns *= 2)
                    values[ValueAt(rows, columns, ahead)] = ExecutableMemory.Append(code, new AttentionAssembler().ValueTile(rows, columns, ahead));
            }
        }

        byte* placed = ExecutableMemory.Place(code.ToArray(), out string answer, protect);
        if (placed is not null)
            return new AttentionTiles(placed, scores, values);
        why = answer;
        return null;
    }
}
