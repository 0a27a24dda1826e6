using Sluice.Tuning.Tickets;
using Sluice.Tuning.Training;
using Xunit;

namespace Sluice.Tests.Demo;

public sealed class VariationsTests
{
    private static readonly Variations Macros = new(new Dictionary<string, IReadOnlyList<string>>
    {
        ["ask"] = ["please", "kindly [do|will]"],
        ["loop"] = ["<loop>"],
    });

    [Fact]
    public void A_pattern_says_every_one_of_its_ways_and_nothing_else()
    {
        SeededRandom random = new(1);
        HashSet<string> said = [.. Enumerable.Range(0, 200).Select(_ => Macros.Say("<ask> refund [{order}|my [old|new] {item}|] .", random))];
        string[] asks = ["Please", "Kindly do", "Kindly will"], things = [" {order}", " my old {item}", " my new {item}", ""];
        Assert.Equal(asks.SelectMany(ask => things.Select(thing => $"{ask} refund{thing}.")).Order(), said.Order());
    }

    [Fact]
    public void A_plain_text_is_itself_and_draws_nothing()
    {
        SeededRandom random = new(7), untouched = new(7);
        Assert.Equal("where is  {order} ?", Macros.Say("where is  {order} ?", random));
        Assert.Equal(untouched.Next(), random.Next());
    }

    [Theory]
    [InlineData("[a|b")]
    [InlineData("<loop>")]
    public void A_pattern_without_an_end_is_refused_by_name(string pattern) =>
        Assert.Contains(pattern, Assert.Throws<FormatException>(() => Macros.Say(pattern, new SeededRandom(1))).Message, StringComparison.Ordinal);

    [Fact]
    public void Every_pattern_of_the_shipped_book_comes_to_an_end()
    {
        TicketGenerator training = new(3, TicketSplit.Train);
        for (int i = 0; i < 5000; i++) Assert.DoesNotMatch(@"[\[\]<>|]", training.Next().Text);
    }
}
