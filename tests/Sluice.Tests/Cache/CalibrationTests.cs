using System.Globalization;
using Sluice.Service.Cache;
using Xunit;

namespace Sluice.Tests.Cache;

/// <summary>
/// The operating curve of embedder and guard on labelled pairs, and what it must hold. The table is the test's output:
/// <c>dotnet run --project tests/Sluice.Tests -c Release -- -class Sluice.Tests.Cache.CalibrationTests -showLiveOutput</c>.
/// </summary>
public sealed class CalibrationTests
{
    private const int PairsOfEachKind = 2_000;
    private static readonly string[] s_mustNot = ["numbers", "negation"];

    private readonly LexicalEmbedder _embedder = new();

    private sealed record Measured(LabelledPair Pair, double Similarity, bool Passes);

    [Fact]
    public void The_curve_holds_what_the_tier_promises()
    {
        Measured[] all = [.. new PairGenerator(20_261).All(PairsOfEachKind).Select(Measure)];
        double most = 0;
        Print("threshold  hit, cosine  false, cosine  hit, guard  false, guard");
        foreach (double threshold in (double[])[0.3, 0.4, 0.5, 0.55, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95])
        {
            double hit = Rate(all, same: true, threshold, guard: false);
            most = Math.Max(most, hit);
            Print(string.Create(CultureInfo.InvariantCulture,
                $"{threshold,9:0.00}  {hit,11:P2}  {Rate(all, false, threshold, false),13:P2}  {Rate(all, true, threshold, true),10:P2}  {Rate(all, false, threshold, true),12:P3}"));
        }
        Print("");
        Print($"at {_embedder.MinSimilarity.ToString(CultureInfo.InvariantCulture)}         shared  cosine  guard");
        foreach (IGrouping<string, Measured> kind in all.GroupBy(m => m.Pair.Kind))
        {
            Print(string.Create(CultureInfo.InvariantCulture,
                $"{kind.Key,-18} {(kind.First().Pair.Same ? "yes" : "no"),5}  {Rate(kind, null, _embedder.MinSimilarity, false),7:P2}  {Rate(kind, null, _embedder.MinSimilarity, true),7:P2}"));
        }

        Measured[] wrong = [.. all.Where(m => !m.Pair.Same && m.Passes && m.Similarity >= _embedder.MinSimilarity)];
        Assert.DoesNotContain(wrong, m => s_mustNot.Contains(m.Pair.Kind));
        Assert.True(Rate(all, same: false, _embedder.MinSimilarity, guard: true) <= 0.001, string.Join('\n', wrong.Take(10).Select(m => $"{m.Pair.Kind}: {m.Pair.First} | {m.Pair.Second}")));
        Assert.True(Rate(all, same: true, _embedder.MinSimilarity, guard: true) >= 0.6 * most);
    }

    [Fact]
    public void Unrelated_texts_do_not_reach_the_threshold_even_without_the_guard()
    {
        Measured[] other = [.. new PairGenerator(7).All(PairsOfEachKind).Where(pair => pair.Kind == "other question").Select(Measure)];
        Assert.Equal(PairsOfEachKind, other.Length);
        Assert.True(Rate(other, same: false, _embedder.MinSimilarity, guard: false) <= 0.001);
    }

    private Measured Measure(LabelledPair pair)
    {
        double similarity = _embedder.Embed(pair.First).Zip(_embedder.Embed(pair.Second), (a, b) => (double)a * b).Sum();
        return new Measured(pair, similarity, SimilarityGuard.Sign(pair.First).AsSpan().SequenceEqual(SimilarityGuard.Sign(pair.Second)));
    }

    private static double Rate(IEnumerable<Measured> pairs, bool? same, double threshold, bool guard)
    {
        Measured[] asked = [.. pairs.Where(m => same is null || m.Pair.Same == same)];
        return (double)asked.Count(m => m.Similarity >= threshold && (!guard || m.Passes)) / asked.Length;
    }

    private static void Print(string line) => TestContext.Current.TestOutputHelper!.WriteLine(line);
}
