using System.Runtime.InteropServices;
using Sluice.Engine.Models;
using Sluice.Engine.Quantization;
using Xunit;

namespace Sluice.Engine.Tests.Models;

/// <summary>A sequence's logits are the same to the bit however it is cut, whoever runs beside it and however many threads there are.</summary>
public sealed class DeterminismTests : IDisposable
{
    private const int Length = 75;

    private static readonly int[] Sequence = [.. Enumerable.Range(0, Length).Select(i => (i * i * 7 + 13) % 1000)];
    private static readonly int[] Other = [.. Enumerable.Range(0, 41).Select(i => (i * 31 + 5) % 1000)];
    private readonly RandomFolder _folder = new(RandomFolder.Wide);

    [Theory]
    [InlineData("cpu", 1, Length)]
    [InlineData("cpu", 1, 15)]
    [InlineData("cpu", 1, 1)]
    [InlineData("cpu", 1, 11)]
    [InlineData("cpu", 2, Length)]
    [InlineData("cpu", 2, 15)]
    [InlineData("cpu", 2, 1)]
    [InlineData("cpu", 3, 7)]
    [InlineData("reference", 1, 15)]
    public void Chunks_and_threads_change_no_bit(string backend, int threads, int chunk)
    {
        using Model model = _folder.Load(backend, threads);
        AssertSame(Alone(backend), Run(model, chunk, _ => []));
    }

    [Theory]
    [InlineData(1, Length)]
    [InlineData(1, 15)]
    [InlineData(1, 1)]
    [InlineData(2, Length)]
    [InlineData(2, 15)]
    [InlineData(2, 1)]
    public void Batch_mates_change_no_bit(int threads, int chunk)
    {
        using Model model = _folder.Load("cpu", threads);
        AssertSame(Alone("cpu"), Run(model, chunk, Mates));
    }

    [Theory]
    [InlineData(WeightFormat.Stored, false)]
    [InlineData(WeightFormat.Int8, false)]
    [InlineData(WeightFormat.Int8, true)]
    [InlineData(WeightFormat.Int4, true)]
    public void Every_weight_format_is_as_exact(WeightFormat weights, bool assembled)
    {
        using Model alone = _folder.Load("cpu", 1, weights, assembled);
        List<float[]> whole = Run(alone, Length, _ => []);
        foreach ((int threads, int chunk) in new[] { (1, 1), (1, 13), (2, 1), (2, 3), (2, Length), (3, 33) })
        {
            using Model model = _folder.Load("cpu", threads, weights, assembled);
            AssertSame(whole, Run(model, chunk, _ => []));
            AssertSame(whole, Run(model, chunk, Mates));
        }
    }

    [Theory]
    [InlineData(KvFormat.BFloat16, 1)]
    [InlineData(KvFormat.BFloat16, 3)]
    [InlineData(KvFormat.Int8, 1)]
    [InlineData(KvFormat.Int8, 3)]
    public void Keys_and_values_that_are_rounded_are_as_exact(KvFormat kv, int threads)
    {
        using Model alone = _folder.Load("cpu", 1, kv: kv);
        alone.Pages.Fill(float.NaN);
        List<float[]> whole = Run(alone, Length, _ => []);
        foreach (int chunk in new[] { 1, 7, 16, 33 })
        {
            using Model model = _folder.Load("cpu", threads, kv: kv);
            model.Pages.Fill(float.NaN);
            AssertSame(whole, Run(model, chunk, Mates));
        }
    }

    [Theory]
    [InlineData(5, 5, 20)]
    [InlineData(5, 1, 64)]
    [InlineData(8, 2, 8)]
    public void Any_ratio_of_heads_is_as_exact(int heads, int kvHeads, int headDim)
    {
        using RandomFolder folder = new(RandomFolder.Odd with { Heads = heads, KvHeads = kvHeads, HeadDim = headDim, Vocabulary = 1000 });
        using Model model = folder.Load("cpu", 2);
        List<float[]> whole = Run(model, Length, _ => []);
        foreach (int chunk in new[] { 1, 7, 16, 33 })
        {
            model.Pages.Fill(float.NaN);
            AssertSame(whole, Run(model, chunk, Mates));
        }
    }

    [Fact]
    public void Anything_may_stand_in_slots_that_were_never_written()
    {
        using Model model = _folder.Load("cpu", 2);
        model.Pages.Fill(float.NaN);
        AssertSame(Alone("cpu"), Run(model, 15, Mates));
        model.Pages.Fill(float.PositiveInfinity);
        AssertSame(Alone("cpu"), Run(model, 1, _ => []));
    }

    [Theory]
    [InlineData("cpu", KvFormat.Float32)]
    [InlineData("cpu", KvFormat.BFloat16)]
    [InlineData("cpu", KvFormat.Int8)]
    [InlineData("reference", KvFormat.Float32)]
    [InlineData("reference", KvFormat.BFloat16)]
    [InlineData("reference", KvFormat.Int8)]
    public void A_copied_page_continues_as_the_original_does(string backend, KvFormat kv)
    {
        using Model model = _folder.Load(backend, kv: kv);
        model.Pages.Fill(float.NaN);
        GreedyDriver driver = new(model);
        driver.Step((Sequence[..21], 0, 0));
        model.CopyPage(0, 30, 16);
        model.CopyPage(1, 31, 5);
        driver.Step((Sequence[21..30], 21, 0));
        float[] original = model.Logits(0).ToArray();
        driver.Step((Other[..9], 21, 0));
        driver.Step((Sequence[21..30], 21, 30));
        AssertSame([original], [model.Logits(0).ToArray()]);
    }

    public void Dispose() => _folder.Dispose();

    // A fresh mate in every step, of another length each time, and one that decodes at the end of its own prompt.
    private static (int[], int, int)[] Mates(int step) =>
        [(Other[..((step * 5 % 40) + 1)], 0, 40), (Other[..1], 0, 50), (Other[..((step % 3) + 1)], 0, 60)];

    private List<float[]> Alone(string backend)
    {
        using Model model = _folder.Load(backend);
        return Run(model, Length, _ => []);
    }

    // Logits of every row of the sequence. Mates stand before and after it.
    private static List<float[]> Run(Model model, int chunk, Func<int, (int[], int, int)[]> mates)
    {
        GreedyDriver driver = new(model);
        List<float[]> rows = [];
        for (int done = 0, step = 0; done < Length; done += chunk, step++)
        {
            int[] tokens = Sequence[done..Math.Min(Length, done + chunk)];
            (int[] Tokens, int, int)[] others = mates(step);
            int before = others.Length == 0 ? 0 : others[0].Tokens.Length;
            driver.Step(true, [.. others.Take(1), (tokens, done, 0), .. others.Skip(1)]);
            for (int row = 0; row < tokens.Length; row++)
                rows.Add(model.Logits(before + row).ToArray());
        }

        return rows;
    }

    private static void AssertSame(List<float[]> expected, List<float[]> actual)
    {
        Assert.Equal(expected.Count, actual.Count);
        for (int row = 0; row < expected.Count; row++)
        {
            Assert.All(expected[row], value => Assert.True(float.IsFinite(value)));
            Assert.True(
                MemoryMarshal.AsBytes(expected[row].AsSpan()).SequenceEqual(MemoryMarshal.AsBytes(actual[row].AsSpan())),
                $"row {row}: largest difference {expected[row].Zip(actual[row], (a, b) => MathF.Abs(a - b)).Max()}");
        }
    }
}
