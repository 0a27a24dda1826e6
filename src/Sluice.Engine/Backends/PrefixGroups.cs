using Sluice.Engine.Sequences;
using Sluice.Engine.Tensors;

namespace Sluice.Engine.Backends;

/// <summary>
/// Which tiles of a step attend to common leading pages together, found from their page tables: a tree whose nodes are runs of pages that two tiles or more
/// have in common. A node continues the folds of its parent and a tile those of its deepest node. Reused from step to step; allocates nothing.
/// </summary>
/// <remarks>
/// Only tiles of few queries take part: one of many has to compute for as long as its pages take to be read, so reading them once for several gains nothing.
/// A node must save more bytes of pages than the folds take that are written for its tiles and read again. Folds are kept per stretch of
/// <see cref="StretchPages"/> pages, which depend on nothing before them: where a step has less work than workers, a long run is cut at their borders.
/// </remarks>
internal sealed unsafe partial class PrefixGroups : IDisposable
{
    /// <summary>Pages whose fold is computed from nothing and then merged: at the same positions for every row, so that they can be computed apart.</summary>
    public const int StretchPages = 8;

    /// <summary>Most nodes above one another: each level waits for the one before it.</summary>
    public const int MaxLevels = 4;

    /// <summary>Floats of a fold in front of its output.</summary>
    public const int FoldHeading = 32;

    private const int MostQueries = 16; // of a tile and KV head: from there on computing takes longer than reading
    private const int ChunkQueries = 48; // that go over a node's pages together
    private const int NodeBytes = 16 << 10; // what a node must save on top, for its share of a barrier

    private readonly PrefixShape _shape;
    private readonly NativeBuffer _folds;
    private readonly int _capacity; // folds
    private readonly int[] _members; // (tiles) those of a node follow one another
    private readonly int[] _keys; // (tiles) scratch of sorting
    private readonly int[] _deepest; // (tiles) node, or -1
    private readonly int[] _firstFold; // (tiles)
    private readonly int[] _foldsEach; // (tiles) folds per query
    private readonly PrefixNode[] _nodes;
    private int _count;
    private int _used; // folds given out
    private StepLayout _step = null!;

    /// <param name="maxRows">Rows of a step.</param>
    /// <param name="maxSequences">Segments of a step.</param>
    /// <param name="shape">The model's and the machine's.</param>
    public PrefixGroups(int maxRows, int maxSequences, PrefixShape shape)
    {
        _shape = shape;
        _capacity = Capacity(maxRows, maxSequences, shape);
        _folds = new NativeBuffer(Bytes(maxRows, maxSequences, shape), clear: false);
        _members = new int[maxRows];
        _keys = new int[maxRows];
        _deepest = new int[maxRows];
        _firstFold = new int[maxRows];
        _foldsEach = new int[maxRows];
        _nodes = new PrefixNode[2 * maxRows];
    }

    /// <summary>Levels of the tree; 0 where nothing is attended to together.</summary>
    public int Levels { get; private set; }

    /// <summary>Parents before their children.</summary>
    public ReadOnlySpan<PrefixNode> Nodes => _nodes.AsSpan(0, _count);

    /// <summary>Positions of keys and values that are read fewer than without groups.</summary>
    public long SavedPositions { get; private set; }

    public static long Bytes(int maxRows, int maxSequences, PrefixShape shape) => (long)Capacity(maxRows, maxSequences, shape) * FoldFloats(shape) * sizeof(float);

    /// <summary>Pages of the tile that its groups attend to; 0 for none.</summary>
    public int SharedPages(int tile) => _deepest[tile] < 0 ? 0 : _nodes[_deepest[tile]].To;

    /// <summary>Folds per query of the tile that lie ready once all levels are done; 0 for none.</summary>
    public int ReadyFolds(int tile) => _deepest[tile] < 0 ? 0 : _nodes[_deepest[tile]].Folds;

    public ReadOnlySpan<int> Members(PrefixNode node) => _members.AsSpan(node.First, node.Count);

    /// <summary>The folds of one query of a tile: all but the last are of whole stretches or of several, in order.</summary>
    /// <param name="tile">That takes part in a node.</param>
    /// <param name="kvHead">Of the query.</param>
    /// <param name="query">Of the tile's queries of that head: row within the tile x heads per KV head + head within those.</param>
    public float* Folds(int tile, int kvHead, int query) =>
        _folds.Floats + ((_firstFold[tile] + ((((long)kvHead * Queries(tile)) + query) * _foldsEach[tile])) * FoldFloats(_shape));

    /// <summary>Finds the groups of a step whose tiles and pages are set.</summary>
    public void Find(StepLayout step)
    {
        _step = step;
        _count = _used = Levels = 0;
        SavedPositions = 0;
        int members = 0;
        bool scarce = _shape.Workers > 1;
        for (int tile = 0; tile < step.Tiles; tile++)
        {
            _deepest[tile] = -1;
            bool few = Queries(tile) <= MostQueries;
            scarce &= few;
            if (few && Pages(tile) > 0)
                _members[members++] = tile;
        }

        Grow(0, members, page: 0, parent: -1);
        if (scarce && Items() < 2 * _shape.Workers)
            AddLongTiles(members);
        else
            scarce = false;
        int fold = 0;
        for (int i = 0; i < _count; i++)
            Divide(ref _nodes[i], scarce, ref fold);
    }

    public void Dispose() => _folds.Dispose();

    private static int FoldFloats(PrefixShape shape) => FoldHeading + shape.ValueStride;

    private static int Capacity(int maxRows, int maxSequences, PrefixShape shape) =>
        checked((int)(((long)Math.Min(maxRows, 4L * maxSequences) * shape.KvHeads * shape.HeadsEach * 2) + 4096));

    private int Queries(int tile) => (_step.TileStart[tile + 1] - _step.TileStart[tile]) * _shape.HeadsEach;

    // Whole pages in front of the tile's first row: those that all its rows see whole.
    private int Pages(int tile) => _step.Positions[_step.TileStart[tile]] / StepPlan.PageTokens;

    private ReadOnlySpan<int> Table(int tile) => new(_step.Pages + _step.RowPages[_step.TileStart[tile]], Pages(tile));
}
