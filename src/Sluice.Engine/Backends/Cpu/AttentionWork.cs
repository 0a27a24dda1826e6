using Sluice.Engine.Backends.Cpu.Assembled;
using Sluice.Engine.Tensors;

namespace Sluice.Engine.Backends.Cpu;

/// <summary>
/// One pass of a step's attention, shared out in pieces: whoever is free takes the next, as long contexts take longer. A pass is one level of the prefix
/// groups, or the last: each tile of rows from where its groups end to its own positions.
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
        for (int piece = Interlocked.Increment(ref *Next) - 1; piece < pieces; piece = Interlocked.Increment(ref *Next) - 1)
        {
            if (Level == Tails)
                RunTail(piece / Pages.KvHeads, piece % Pages.KvHeads, ref batch);
            else
                RunShared(piece, ref batch);
        }
    }

    private readonly int SharedPieces()
    {
        int pieces = 0;
        foreach (ref readonly PrefixNode node in Groups!.Nodes)
            pieces += node.Level == Level ? node.Chunks * node.Pieces * Pages.KvHeads : 0;
        return pieces;
    }

    private readonly void RunTail(int tile, int kvHead, ref AttentionBatch batch)
    {
        batch.Range = new AttentionRange(kvHead, Groups?.SharedPages(tile) ?? 0, int.MaxValue, Groups?.ReadyFolds(tile) ?? 0, -1);
        Run(new ReadOnlySpan<int>(in tile), ref batch);
    }

    // Chunks of the same pages follow one another, so that workers meet in a common cache.
    private readonly void RunShared(int piece, ref AttentionBatch batch)
    {
        ReadOnlySpan<PrefixNode> nodes = Groups!.Nodes;
        int at = 0;
        for (; nodes[at].Level != Level || piece >= nodes[at].Chunks * nodes[at].Pieces * Pages.KvHeads; at++)
            piece -= nodes[at].Level == Level ? nodes[at].Chunks * nodes[at].Pieces * Pages.KvHeads : 0;
        PrefixNode node = nodes[at];
        int chunk = piece % node.Chunks;
        piece /= node.Chunks;
        int kvHead = piece % Pages.KvHeads;
        int stretch = node.Pieces == 1 ? -1 : piece / Pages.KvHeads;
        batch.Range = stretch < 0
            ? new AttentionRange(kvHead, node.From, node.To, node.Parent < 0 ? 0 : nodes[node.Parent].Folds, -1)
            : new AttentionRange(kvHead, stretch * PrefixGroups.StretchPages, Math.Min((stretch + 1) * PrefixGroups.StretchPages, node.To), 0, stretch);
        int first = node.Count * chunk / node.Chunks;
        Run(Groups.Members(node)[first..(node.Count * (chunk + 1) / node.Chunks)], ref batch);
    }

    // All tiles have the range's pages in common.
    private readonly void Run(ReadOnlySpan<int> tiles, ref AttentionBatch batch)
    {
        int group = HeadsEach;
        int dim = Pages.HeadDim;
        int kvHead = batch.Range.KvHead;
        int* pages = Step.Pages + Step.RowPages[Step.TileStart[tiles[0]]];
        foreach (int tile in tiles)
        {
            int firstRow = Step.TileStart[tile];
            int queries = (Step.TileStart[tile + 1] - firstRow) * group;
            for (int i = 0; i < queries; i++)
            {
                int row = firstRow + (i / group);
                int column = ((kvHead * group) + (i % group)) * dim;
                float* folds = Level == Tails && batch.Range.Ready == 0 ? null : Groups!.Folds(tile, kvHead, i);
                batch.Add(new AttentionQuery(Queries.Row(row) + column, Y.Row(row) + column, Step.Positions[row] + 1, folds), pages);
            }
        }

        batch.Flush(pages);
    }
}
