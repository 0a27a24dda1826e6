using Sluice.Engine.Speculation;
using Xunit;

namespace Sluice.Engine.Tests.Speculation;

public sealed class PromptLookupDrafterTests : DrafterContractTests
{
    internal override IDrafter Create() => new PromptLookupDrafter();

    [Theory]
    [InlineData(new[] { 1, 2, 3, 4, 1, 2 }, 2)]
    [InlineData(new[] { 1, 2, 9, 1, 2, 8, 1, 2 }, 5)] // the latest of equals
    [InlineData(new[] { 7, 1, 2, 9, 5, 1, 2, 8, 7, 1, 2 }, 3)] // the longest before the latest
    [InlineData(new[] { 4, 4, 4 }, 2)]
    [InlineData(new[] { 1, 2, 3, 2 }, -1)] // one equal token is not enough
    [InlineData(new[] { 1 }, -1)]
    [InlineData(new[] { 1, 2, 3 }, -1)]
    public void It_finds_where_the_last_tokens_stood_before(int[] text, int next) => Assert.Equal(next, PromptLookupDrafter.Find(text));

    [Fact]
    public void A_repetition_is_continued_with_itself()
    {
        Draft draft = New([.. Enumerable.Range(0, 41).Select(i => 5 + (i % 3))], 6);
        Create().Guess([draft]);
        Assert.Equal([7, 5, 6, 7, 5, 6], Guesses(draft));
    }
}
