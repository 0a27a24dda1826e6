using System.Runtime.InteropServices;
using Sluice.Engine.Models;
using Sluice.Engine.Quantization;
using Sluice.Engine.Sequences;
using Xunit;

namespace Sluice.Engine.Tests.Models;

/// <summary>
/// Sequences fork from one another at page borders, prefill in chunks, verify drafts and decode side by side: whole models, with groups and without, give
/// the same logits to the bit, and so does each sequence by itself.
/// </summary>
public sealed class GroupedStepsTests : IDisposable
{
    private readonly RandomFolder _folder = new(RandomFolder.Wide);

    [Theory]
    [InlineData(1, KvFormat.Float32, WeightFormat.Stored)]
    [InlineData(2, KvFormat.Float32, WeightFormat.Int8)]
    [InlineData(1, KvFormat.BFloat16, WeightFormat.Int8)]
    [InlineData(2, KvFormat.BFloat16, WeightFormat.Stored)]
    [InlineData(3, KvFormat.Int8, WeightFormat.Stored)]
    [InlineData(2, KvFormat.Int8, WeightFormat.Int8)]
    public void Random_histories_give_the_same_bits_with_groups_and_without(int threads, KvFormat kv, WeightFormat weights)
    {
        using Model together = _folder.Load("cpu", threads, weights, kv: kv, kvBytes: 32 << 20);
        using Model apart = _folder.Load("cpu", 1, weights, kv: kv, group: false, kvBytes: 32 << 20);
        together.Pages.Fill(float.NaN);
        apart.Pages.Fill(float.NaN);
        Assert.Null(apart.Groups);
        Random random = new(threads);
        List<(int[] Tokens, int[] Pages, int Computed)> sequences = [];
        StepPlan plan = new(160, 8, 8 * 40);
        int pages = 0, grouped = 0, nested = 0;
        for (int step = 0; step < 100; step++)
        {
            if (sequences.Count < 10 && step % 3 == 0)
                sequences.Add(Fork(random, sequences, ref pages));
            Fill(plan, random, sequences);
            together.Forward(plan);
            apart.Forward(plan);
            for (int output = 0; output < plan.Outputs; output++)
            {
                Assert.True(float.IsFinite(together.Logits(output)[0]));
                Assert.True(MemoryMarshal.AsBytes(together.Logits(output)).SequenceEqual(MemoryMarshal.AsBytes(apart.Logits(output))), $"step {step}, output {output}");
            }

            grouped += together.Groups!.Levels > 0 ? 1 : 0;
            nested += together.Groups.Levels > 1 ? 1 : 0;
        }

        Assert.True(grouped > 20 && nested > 2, $"{grouped} steps grouped, {nested} nested");
        AssertAlone(sequences, threads, kv, weights, together, plan);
    }

    public void Dispose() => _folder.Dispose();

    // A new sequence behind whole pages that another has computed; every ninth has a prefix of its own.
    private static (int[] Tokens, int[] Pages, int Computed) Fork(Random random, List<(int[] Tokens, int[] Pages, int Computed)> sequences, ref int pages)
    {
        int[] tokens = [.. Enumerable.Range(0, 480).Select(_ => random.Next(1000))];
        int[] table = new int[30];
        int shared = 0;
        if (sequences.Count > 0 && random.Next(9) > 0)
        {
            (int[] others, int[] theirs, int computed) = sequences.MaxBy(s => s.Computed * random.Next(1, 5));
            shared = Math.Min(computed / 16, 24);
            others.AsSpan(0, shared * 16).CopyTo(tokens);
            theirs.AsSpan(0, shared).CopyTo(table);
        }

        for (int i = shared; i < table.Length; i++)
            table[i] = pages++;
        return (tokens, table, shared * 16);
    }

    // Up to eight sequences: the first by a chunk, others by one row, or by one and guesses of which some fall: their rows are computed again with what came instead.
    private static void Fill(StepPlan plan, Random random, List<(int[] Tokens, int[] Pages, int Computed)> sequences)
    {
        plan.Clear();
        int chunk = random.Next(90);
        int start = random.Next(sequences.Count);
        for (int i = 0; i < Math.Min(8, sequences.Count); i++)
        {
            int at = (start + i) % sequences.Count;
            (int[] tokens, int[] pages, int computed) = sequences[at];
            bool guesses = i > 0 && random.Next(4) == 0;
            int rows = Math.Min(i == 0 ? Math.Max(1, chunk) : guesses ? 4 : 1, tokens.Length - computed);
            if (rows == 0)
                continue;
            int[] said = tokens[computed..(computed + rows)];
            int stand = guesses ? random.Next(rows) + 1 : rows;
            for (int fallen = stand; fallen < rows; fallen++)
                said[fallen] = (said[fallen] + 1) % 1000;
            Add(plan, said, pages, computed);
            sequences[at] = (tokens, pages, computed + stand);
        }
    }

    private static void Add(StepPlan plan, ReadOnlySpan<int> tokens, int[] pages, int context)
    {
        int s = plan.Segments++;
        plan.SegmentRow[s] = plan.Rows;
        plan.SegmentContext[s] = context;
        int count = (context + tokens.Length + 15) / 16;
        pages.AsSpan(0, count).CopyTo(plan.Pages.AsSpan(plan.PageStart[s]));
        plan.PageStart[s + 1] = plan.PageStart[s] + count;
        foreach (int token in tokens)
        {
            plan.Tokens[plan.Rows] = token;
            plan.Positions[plan.Rows++] = context++;
        }

        plan.OutputRows[plan.Outputs++] = plan.Rows - 1;
        plan.SegmentRow[s + 1] = plan.Rows;
    }

    // The next token of each sequence, on pages that it alone has written, in one chunk.
    private void AssertAlone(List<(int[] Tokens, int[] Pages, int Computed)> sequences, int threads, KvFormat kv, WeightFormat weights, Model model, StepPlan plan)
    {
        using Model alone = _folder.Load("cpu", threads, weights, kv: kv);
        GreedyDriver driver = new(alone);
        foreach ((int[] tokens, int[] pages, int computed) in sequences.Where(s => s.Computed < s.Tokens.Length).Take(6))
        {
            plan.Clear();
            Add(plan, tokens.AsSpan(computed, 1), pages, computed);
            model.Forward(plan);
            Assert.Equal(driver.Prefill(tokens[..(computed + 1)], 160), model.Logits(0).ToArray());
        }
    }
}
