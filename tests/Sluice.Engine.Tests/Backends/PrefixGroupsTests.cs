using Sluice.Engine.Backends;
using Sluice.Engine.Backends.Cpu;
using Sluice.Engine.Backends.Cpu.Assembled;
using Sluice.Engine.Backends.Reference;
using Sluice.Engine.Quantization;
using Sluice.Engine.Sequences;
using Sluice.Engine.Tensors;
using Sluice.Engine.Tests.Models;
using Xunit;

namespace Sluice.Engine.Tests.Backends;

/// <summary>Sequences attend to common pages together, and nothing but the time that it takes shows it.</summary>
public sealed unsafe class PrefixGroupsTests : IDisposable
{
    private const int KvHeads = 2, HeadsEach = 3;

    private readonly Numbers _numbers = new(5);

    [Theory]
    [InlineData(1, 20, KvFormat.Float32)]
    [InlineData(2, 64, KvFormat.Float32)]
    [InlineData(3, 32, KvFormat.Float32)]
    [InlineData(5, 48, KvFormat.Float32)]
    [InlineData(2, 64, KvFormat.BFloat16)]
    [InlineData(3, 20, KvFormat.BFloat16)]
    [InlineData(2, 48, KvFormat.Int8)]
    public void Random_trees_give_the_same_bits_with_groups_and_without(int workers, int headDim, KvFormat format)
    {
        using CpuBackend plain = new(workers), assembled = new(workers, AssembledKernels.OfProcess, evenSlow: true);
        RandomTrees(plain, workers, headDim, format);
        RandomTrees(assembled, workers, headDim, format);
    }

    [Theory]
    [InlineData(2, 16, 1)]
    [InlineData(7, 9, 2)]
    [InlineData(64, 17, 2)]
    public void A_group_gives_what_the_plain_loops_give(int members, int prefixPages, int tailPages)
    {
        using CpuBackend cpu = new(2);
        StepPlan plan = PrefixTrees.Group(members, prefixPages, tailPages, share: true);
        KvPages pages = Filled(plan, prefixPages + (members * tailPages), 64);
        Matrix queries = _numbers.Matrix(plan.Rows, KvHeads * HeadsEach * 64);
        StepLayout layout = Layout(plan, 64, workers: 2);
        Assert.Equal(1, layout.Groups!.Levels);
        Assert.Equal((members - 1L) * prefixPages * 16, layout.Groups.SavedPositions);
        Assert.InRange(Numbers.Difference(Attend(new ReferenceBackend(), layout, queries, pages), Attend(cpu, layout, queries, pages)), 0, 2e-5f);
    }

    [Fact]
    public void A_tree_holds_what_page_tables_say()
    {
        PrefixTrees trees = new(9);
        int sharing = 0;
        for (int round = 0; round < 300; round++)
        {
            StepLayout step = Layout(trees.Next(segments: 1 + (round % 40), mostPages: 60, decodes: round % 2 == 0), 64, workers: 1 + (round % 4));
            PrefixGroups groups = step.Groups!;
            HashSet<nint> folds = [];
            foreach (PrefixNode node in groups.Nodes)
            {
                int[] members = groups.Members(node).ToArray();
                sharing += members.Length > 1 ? 1 : 0;
                Assert.Equal(node.Parent < 0 ? 0 : groups.Nodes[node.Parent].To, node.From);
                Assert.True(node.To > node.From);
                if (node.Parent >= 0)
                    Assert.Subset(new HashSet<int>(groups.Members(groups.Nodes[node.Parent]).ToArray()), new HashSet<int>(members));
                foreach (int tile in members)
                {
                    Assert.Equal(Table(step, members[0], node.To), Table(step, tile, node.To));
                    Assert.True(node.To * 16 <= step.Positions[step.TileStart[tile]]);
                    Assert.True(groups.SharedPages(tile) >= node.To);
                }
            }

            for (int tile = 0; tile < step.Tiles; tile++)
            {
                for (int i = 0; i < KvHeads * HeadsEach * (step.TileStart[tile + 1] - step.TileStart[tile]) && groups.ReadyFolds(tile) > 0; i++)
                    Assert.True(folds.Add((nint)groups.Folds(tile, i % KvHeads, i / KvHeads)));
            }
        }

        Assert.True(sharing > 100, $"{sharing} groups");
    }

    [Fact]
    public void What_does_not_pay_is_left_alone()
    {
        Assert.Equal(0, Layout(PrefixTrees.Group(2, 1, 1, share: true), 64, workers: 1).Groups!.Levels);
        Assert.Equal(0, Layout(PrefixTrees.Group(8, 40, 1, share: false), 64, workers: 1).Groups!.Levels);
        Assert.Equal(1, Layout(PrefixTrees.Group(2, 16, 1, share: true), 64, workers: 1).Groups!.Levels);
    }

    [Fact]
    public void Finding_groups_allocates_nothing()
    {
        StepPlan plan = new PrefixTrees(1).Next(segments: 40, mostPages: 60);
        StepLayout step = Layout(plan, 64, workers: 2);
        Assert.Equal(0, Allocations.Least(() =>
        {
            for (int i = 0; i < 100; i++)
                step.Set(plan);
        }));
        Assert.True(step.Groups!.Levels > 0);
    }

    public void Dispose() => _numbers.Dispose();

    private static int[] Table(StepLayout step, int tile, int pages) => new Span<int>(step.Pages + step.RowPages[step.TileStart[tile]], pages).ToArray();

    private void RandomTrees(CpuBackend cpu, int workers, int headDim, KvFormat format)
    {
        PrefixTrees trees = new(workers);
        int nested = 0, cut = 0, grouped = 0;
        for (int round = 0; round < 60; round++)
        {
            StepPlan plan = round % 3 == 0 ? trees.Next(1 + (round / 3 % 3), mostPages: 45, decodes: true) : trees.Next(2 + (round % 23), mostPages: 45);
            KvPages pages = Filled(plan, trees.Pages, headDim, format);
            Matrix queries = _numbers.Matrix(plan.Rows, KvHeads * HeadsEach * headDim);
            StepLayout together = Layout(plan, headDim, workers);
            Matrix expected = Attend(cpu, Layout(plan, headDim, workers: 0), queries, pages);
            Matrix actual = Attend(cpu, together, queries, pages);
            Assert.True(Same(expected, actual), $"round {round}: largest difference {Numbers.Difference(expected, actual)}");
            grouped += together.Groups!.Levels > 0 ? 1 : 0;
            nested += together.Groups.Levels > 1 ? 1 : 0;
            foreach (PrefixNode node in together.Groups.Nodes)
                cut += node.Pieces > 1 ? 1 : 0;
        }

        Assert.True(grouped > 15 && nested > 5, $"{grouped} grouped, {nested} nested, {cut} cut");
        Assert.True(workers == 1 || cut > 0, $"{cut} cut");
    }

    private static bool Same(Matrix a, Matrix b)
    {
        for (int row = 0; row < a.Rows; row++)
        {
            for (int i = 0; i < a.Columns; i++)
            {
                if (BitConverter.SingleToInt32Bits(a.Row(row)[i]) != BitConverter.SingleToInt32Bits(b.Row(row)[i]) || !float.IsFinite(a.Row(row)[i]))
                    return false;
            }
        }

        return true;
    }

    private Matrix Attend(IBackend backend, StepLayout step, Matrix queries, KvPages pages)
    {
        Matrix y = _numbers.Matrix(queries.Rows, queries.Columns);
        backend.Attend(step, queries, pages, 0, y);
        return y;
    }

    // Without workers: without groups.
    private StepLayout Layout(StepPlan plan, int headDim, int workers)
    {
        PrefixShape shape = PrefixShape.Of(KvHeads * HeadsEach, KvHeads, headDim, KvFormat.Float32, workers);
        StepLayout step = _numbers.Own(new StepLayout(
            plan.Positions.Length, plan.Pages.Length, headDim, workers == 0 ? null : new PrefixGroups(plan.Positions.Length, plan.Segments, shape)));
        step.Set(plan);
        return step;
    }

    // Random keys, some of them large, in the slots that a row has written or another sees; not-a-number in the others.
    private KvPages Filled(StepPlan plan, int count, int headDim, KvFormat format = KvFormat.Float32)
    {
        KvPages pages = _numbers.Pages(count, KvHeads, headDim, format);
        float* key = stackalloc float[headDim];
        float* value = stackalloc float[headDim];
        for (int s = 0; s < plan.Segments; s++)
        {
            int length = plan.SegmentContext[s] + plan.SegmentRow[s + 1] - plan.SegmentRow[s];
            for (int position = 0; position < length; position++)
            {
                for (int head = 0; head < KvHeads; head++)
                {
                    int page = plan.Pages[plan.PageStart[s] + (position / 16)];
                    uint hash = ((uint)page * 7919) + ((uint)position * 31) + (uint)head;
                    for (int d = 0; d < headDim; d++)
                    {
                        hash = (hash * 1664525) + 1013904223;
                        key[d] = (((hash >> 16) / 32768f) - 1) * (position % 37 == 5 ? 20 : 2);
                        value[d] = ((hash >> 8 & 0xffff) / 32768f) - 1;
                    }

                    pages.Write(0, page, head, position % 16, key, value);
                }
            }
        }

        return pages;
    }
}
