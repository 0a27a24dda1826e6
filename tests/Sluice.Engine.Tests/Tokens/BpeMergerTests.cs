using Sluice.Engine.Tokens;
using Xunit;

namespace Sluice.Engine.Tests.Tokens;

public sealed class BpeMergerTests
{
    private const int Letters = 3;

    [Theory]
    [InlineData(1, 12)]
    [InlineData(40, 48)]
    [InlineData(49, 200)]
    public void Merging_is_the_lowest_rank_first_and_of_equals_the_leftmost(int shortest, int longest)
    {
        Random random = new(7);
        for (int round = 0; round < 2_000; round++)
        {
            Dictionary<(int, int), (int Rank, int Id)> merges = RandomMerges(random);
            PairTable table = new(merges.Count);
            foreach (((int left, int right), (int rank, int id)) in merges)
                table.Set(left, right, rank, id);

            int[] symbols = new int[random.Next(shortest, longest + 1)];
            for (int i = 0; i < symbols.Length; i++)
                symbols[i] = random.Next(Letters);
            int[] expected = Plainly([.. symbols], merges);
            int count = new BpeMerger(table).Merge(symbols);
            Assert.Equal(expected, symbols[..count]);
        }
    }

    private static Dictionary<(int, int), (int Rank, int Id)> RandomMerges(Random random)
    {
        Dictionary<(int, int), (int, int)> merges = [];
        int count = random.Next(12);
        for (int rank = 0; rank < count; rank++)
            merges[(random.Next(Letters + rank), random.Next(Letters + rank))] = (rank, Letters + rank);
        return merges;
    }

    private static int[] Plainly(List<int> symbols, Dictionary<(int, int), (int Rank, int Id)> merges)
    {
        while (true)
        {
            int best = -1;
            for (int i = 0; i + 1 < symbols.Count; i++)
            {
                if (merges.TryGetValue((symbols[i], symbols[i + 1]), out (int Rank, int Id) merge)
                    && (best < 0 || merge.Rank < merges[(symbols[best], symbols[best + 1])].Rank))
                    best = i;
            }

            if (best < 0)
                return [.. symbols];
            symbols[best] = merges[(symbols[best], symbols[best + 1])].Id;
            symbols.RemoveAt(best + 1);
        }
    }
}
