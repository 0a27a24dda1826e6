using Sluice.Tuning.Tickets;
using Xunit;

namespace Sluice.Tests.Demo;

public sealed class DraftAgreementTests
{
    /// <summary>1 stands for a token guessed right. Four are drafted, and a step says one more than it accepts.</summary>
    [Theory]
    [InlineData("", 0)]
    [InlineData("0", 1)]
    [InlineData("000", 3)]
    [InlineData("11111", 1)]
    [InlineData("11110", 1)]
    [InlineData("111111", 2)]
    [InlineData("1011111", 2)]
    [InlineData("0111111", 3)]
    public void A_step_says_what_it_accepts_and_one_token_of_its_own(string hits, int steps) =>
        Assert.Equal(steps, DraftAgreement.Steps([.. hits.Select(hit => hit == '1')]));
}
