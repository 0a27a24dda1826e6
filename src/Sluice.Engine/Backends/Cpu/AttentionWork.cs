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
    public static int ScratchFloats(int headDim) => (MaxQueries + 1) * (AttentionState.Heading + Matrix.Padded(headDim));

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
        int last = (seen[count - 1] - 1) / StepPlan.PageTokens;
        for (int b = 0; b <= last; b++)
        {
            if (b < last)
                Page(pages[b + 1], kvHead).Prefetch();
            RunPage(states, queries, seen, count, Page(pages[b], kvHead), b * StepPlan.PageTokens);
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

    private readonly AttentionPage Page(int page, int kvHead) => new(
        Pages.Keys(Layer, page, kvHead), Pages.Values(Layer, page, kvHead), Pages.HeadDim, Pages.ValueStride, 1 / MathF.Sqrt(Pages.HeadDim));

    // Four at a time where neighbours see as many slots. Two or three fill up with the last of them again, whose second result goes where nobody reads.
    private static void RunPage(AttentionState states, float** queries, int* seen, int count, AttentionPage page, int start)
    {
        AttentionState* four = stackalloc AttentionState[AttentionKernel.Together];
        float** fourQueries = stackalloc float*[AttentionKernel.Together];
        for (int i = 0; i < count;)
        {
            int slots = Math.Min(seen[i] - start, StepPlan.PageTokens);
            int run = 1;
            while (run < AttentionKernel.Together && i + run < count && Math.Min(seen[i + run] - start, StepPlan.PageTokens) == slots)
                run++;
            if (slots > 0 && run == 1)
            {
                AttentionKernel.Page(states.At(i), queries[i], page, slots);
            }
            else if (slots > 0)
            {
                for (int j = 0; j < AttentionKernel.Together; j++)
                {
                    four[j] = j < run ? states.At(i + j) : states.At(MaxQueries);
                    fourQueries[j] = queries[i + Math.Min(j, run - 1)];
                }

                AttentionKernel.Page(four, fourQueries, page, slots);
            }

            i += run;
        }
    }
}
