using Sluice.Engine.Backends.Cpu.Assembled;
using Sluice.Engine.Sequences;
using Sluice.Engine.Tensors;

namespace Sluice.Engine.Backends.Cpu;

/// <summary>
/// One pass of a step's attention, shared out in pieces: whoever is free takes the next, as long contexts take longer. A pass is one level of the prefix
/// groups, or the last: each tile of rows from where its groups end to its own positions. A worker takes its next piece before it begins one, so that
/// memory for it can be asked for meanwhile.
/// </summary>
internal unsafe struct AttentionWork : IWork
{
    /// <summary>The last pass.</summary>
    public const int Tails = -1;

    public StepLayout Step;
    public PrefixGroups? Groups;
    public int Level;
    public Matrix Queries; // (rows, heads x head_dim)
    public KvPages Pages;
    public AttentionTiles? Tiles; // for pages of bfloat16
    public int Layer;
    public Matrix Y; // (rows, heads x head_dim)
    public float* Scratch; // (workers, ScratchFloats)
    public int* Next; // first piece that nobody has taken

    private readonly int HeadsEach => Queries.Columns / Pages.HeadDim / Pages.KvHeads;

    /// <summary>Floats that one worker needs for heads of that size.</summary>
    public static int ScratchFloats(int headDim) => AttentionBatch.ScratchFloats(Matrix.Padded(headDim));

    public void Run(int worker, int workers)
    {
        AttentionQuery* queries = stackalloc AttentionQuery[AttentionBatch.MaxQueries];
        AttentionState* states = stackalloc AttentionState[(2 * AttentionBatch.MaxQueries) + 1];
        AttentionBatch batch = new(Pages, Layer, Tiles, Scratch + ((long)worker * ScratchFloats(Pages.HeadDim)), queries, states);
        int pieces = Level == Tails ? Step.Tiles * Pages.KvHeads : SharedPieces();
        for (int piece = Take(), next; piece < pieces; piece = next < 0 ? Take() : next)
        {
            next = piece < pieces - (2 * workers) ? Take() : -1; // near the end nothing is kept from others
            Run(Locate(piece), next < 0 || next >= pieces ? default : Locate(next).Ahead(Step), ref batch);
        }
    }

    private readonly int Take() => Interlocked.Increment(ref *Next) - 1;

    private readonly int SharedPieces()
    {
        int pieces = 0;
        foreach (ref readonly PrefixNode node in Groups!.Nodes)
            pieces += node.Level == Level ? node.Chunks * node.Pieces * Pages.KvHeads : 0;
        return pieces;
    }

    // Chunks of the same pages follow one another, so that workers meet in a common cache.
    private readonly Piece Locate(int piece)
    {
        if (Level == Tails)
        {
            int tile = piece / Pages.KvHeads;
            return new Piece(new AttentionRange(piece % Pages.KvHeads, Groups?.SharedPages(tile) ?? 0, int.MaxValue, Groups?.ReadyFolds(tile) ?? 0, -1), -1, tile, 1, tile);
        }

        ReadOnlySpan<PrefixNode> nodes = Groups!.Nodes;
        int at = 0;
        for (; nodes[at].Level != Level || piece >= nodes[at].Chunks * nodes[at].Pieces * Pages.KvHeads; at++)
            piece -= nodes[at].Level == Level ? nodes[at].Chunks * nodes[at].Pieces * Pages.KvHeads : 0;
        PrefixNode node = nodes[at];
        int chunk = piece % node.Chunks;
        piece /= node.Chunks;
        int kvHead = piece % Pages.KvHeads;
        int stretch = node.Pieces == 1 ? -1 : piece / Pages.KvHeads;
        AttentionRange range = stretch < 0
            ? new AttentionRange(kvHead, node.From, node.To, node.Parent < 0 ? 0 : nodes[node.Parent].Folds, -1)
            : new AttentionRange(kvHead, stretch * PrefixGroups.StretchPages, Math.Min((stretch + 1) * PrefixGroups.StretchPages, node.To), 0, stretch);
        int first = node.Count * chunk / node.Chunks;
        return new Piece(range, at, first, (node.Count * (chunk + 1) / node.Chunks) - first, Groups.Members(node)[first]);
    }

    private readonly void Run(Piece piece, AttentionAhead ahead, ref AttentionBatch batch)
    {
        int group = HeadsEach;
        int dim = Pages.HeadDim;
        int kvHead = piece.Range.KvHead;
        int* pages = piece.Pages(Step);
        batch.Range = piece.Range;
        int alone = piece.Tile;
        ReadOnlySpan<int> tiles = piece.Node < 0 ? new ReadOnlySpan<int>(in alone) : Groups!.Members(Groups.Nodes[piece.Node]).Slice(piece.First, piece.Count);
        foreach (int tile in tiles)
        {
            int firstRow = Step.TileStart[tile];
            int queries = (Step.TileStart[tile + 1] - firstRow) * group;
            for (int i = 0; i < queries; i++)
            {
                int row = firstRow + (i / group);
                int column = ((kvHead * group) + (i % group)) * dim;
                float* folds = Level == Tails && piece.Range.Ready == 0 ? null : Groups!.Folds(tile, kvHead, i);
                batch.Add(new AttentionQuery(Queries.Row(row) + column, Y.Row(row) + column, Step.Positions[row] + 1, folds), pages);
            }
        }

        batch.Flush(pages, ahead);
    }

    /// <summary>Some tiles and the pages that they have in common.</summary>
    /// <param name="Range">Of pages, and their KV head.</param>
    /// <param name="Node">Whose members the tiles are; -1 for <paramref name="Tile"/> alone.</param>
    /// <param name="First">First member.</param>
    /// <param name="Count">Members.</param>
    /// <param name="Tile">The first of the tiles.</param>
    private readonly record struct Piece(AttentionRange Range, int Node, int First, int Count, int Tile)
    {
        public int* Pages(StepLayout step) => step.Pages + step.RowPages[step.TileStart[Tile]];

        public AttentionAhead Ahead(StepLayout step)
        {
            int last = step.Positions[step.TileStart[Tile + 1] - 1] / StepPlan.PageTokens;
            return new AttentionAhead(Pages(step), Range.KvHead, Range.From, Math.Min(Range.To, last + 1));
        }
    }
}
