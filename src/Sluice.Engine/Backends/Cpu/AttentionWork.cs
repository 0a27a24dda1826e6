using Sluice.Engine.Sequences;
using Sluice.Engine.Tensors;

namespace Sluice.Engine.Backends.Cpu;

/// <summary>Attention of a step, shared out by tile of rows and KV head: whoever is free takes the next, as long contexts take longer.</summary>
internal unsafe struct AttentionWork : IWork
{
    /// <summary>Queries that go over the pages together.</summary>
    private const int MaxQueries = 64;

    public StepLayout Step;
    public Matrix Queries; // (rows, heads x head_dim)
    public KvPages Pages;
    public int Layer;
    public Matrix Y; // (rows, heads x head_dim)
    public float* Scratch; // (workers, ScratchFloats)
    public int* Next; // first item that nobody has taken

    private readonly int Group => Queries.Columns / Pages.HeadDim / Pages.KvHeads;

    /// <summary>Floats that one worker needs for heads of that size.</summary>
    public static int ScratchFloats(int headDim) => MaxQueries * (AttentionState.Heading + Matrix.Padded(headDim));

    public void Run(int worker, int workers)
    {
        int items = Step.Tiles * Pages.KvHeads;
        float* scratch = Scratch + ((long)worker * ScratchFloats(Pages.HeadDim));
        for (int item = Interlocked.Increment(ref *Next) - 1; item < items; item = Interlocked.Increment(ref *Next) - 1)
        {
            int tile = item / Pages.KvHeads;
            int queries = (Step.TileStart[tile + 1] - Step.TileStart[tile]) * Group;
            for (int query = 0; query < queries; query += MaxQueries)
                RunQueries(Step.TileStart[tile], item % Pages.KvHeads, query, Math.Min(MaxQueries, queries - query), scratch);
        }
    }

    // Query i is row firstRow + i / group, head kvHead x group + i % group.
    private readonly void RunQueries(int firstRow, int kvHead, int firstQuery, int count, float* scratch)
    {
        int group = Group;
        int dim = Pages.HeadDim;
        float** queries = stackalloc float*[MaxQueries];
        int* seen = stackalloc int[MaxQueries]; // positions that the query sees
        AttentionState states = new(scratch, AttentionState.Heading + Pages.ValueStride);
        for (int i = 0; i < count; i++)
        {
            int row = firstRow + ((firstQuery + i) / group);
            queries[i] = Queries.Row(row) + (((kvHead * group) + ((firstQuery + i) % group)) * dim);
            seen[i] = Step.Positions[row] + 1;
            states.At(i).Clear();
        }

        int* pages = Step.Pages + Step.RowPages[firstRow];
        float scale = 1 / MathF.Sqrt(dim);
        for (int b = 0; b * StepPlan.PageTokens < seen[count - 1]; b++)
        {
            AttentionPage page = new(Pages.Keys(Layer, pages[b], kvHead), Pages.Values(Layer, pages[b], kvHead), dim, Pages.ValueStride, scale);
            RunPage(states, queries, seen, count, page, b * StepPlan.PageTokens);
        }

        for (int i = 0; i < count; i++)
        {
            int row = firstRow + ((firstQuery + i) / group);
            float* y = Y.Row(row) + (((kvHead * group) + ((firstQuery + i) % group)) * dim);
            AttentionState state = states.At(i);
            for (int d = 0; d < dim; d++)
                y[d] = state.Output[d] / *state.Sum;
        }
    }

    // Later queries see at least what earlier ones see.
    private static void RunPage(AttentionState states, float** queries, int* seen, int count, AttentionPage page, int start)
    {
        int i = 0;
        while (i < count)
        {
            int slots = Math.Min(seen[i] - start, StepPlan.PageTokens);
            if (slots == StepPlan.PageTokens && count - i >= 4)
            {
                AttentionKernel.PageOfFour(states.At(i), queries + i, page);
                i += 4;
                continue;
            }

            if (slots > 0)
                AttentionKernel.Page(states.At(i), queries[i], page, slots);
            i++;
        }
    }
}
