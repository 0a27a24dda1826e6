using Sluice.Engine.Speculation;
using Xunit;

namespace Sluice.Engine.Tests.Speculation;

public sealed class AccountTests
{
    [Theory]
    [InlineData(-1.0)] // every step with guesses loses
    [InlineData(-0.2)]
    [InlineData(0.0)]
    [InlineData(0.3)]
    public void Whatever_steps_bring_no_more_is_lost_than_was_saved_and_a_step(double mean)
    {
        const double Widest = 3;
        Random random = new(5);
        Account account = new(8);
        double lost = 0;
        int plain = 0;
        for (int step = 0; step < 20_000; step++)
        {
            // Now and then what brought something brings nothing any more.
            double gain = mean + (Widest * (random.NextDouble() - 0.5)) - (step / 500 % 2);
            if (account.MayGuess && step % 8 > 0)
            {
                account.Book(gain + 4, 4);
                lost -= gain;
            }
            else
            {
                account.Save();
                plain++;
            }

            Assert.True(lost <= 2 + (0.0075 * plain) + Widest + 1, $"{lost:0.0} lost after {step} steps, {plain} without guesses");
        }

        Assert.True(plain < 20_000, "it was meant to try");
    }

    [Fact]
    public void Empty_it_is_off_at_once_and_on_again_when_a_try_was_saved()
    {
        Account account = new(8);
        account.Book(0, 2.5);
        int steps = 0;
        for (; !account.MayGuess; steps++)
            account.Save();
        Assert.InRange(steps, 330, 336); // 2.5 in parts of 0.0075
    }

    [Fact]
    public void What_has_won_for_long_is_back_soon_after_bad_luck()
    {
        Account account = new(8);
        for (int i = 0; i < 100; i++)
            account.Book(3, 2);
        Assert.True(account.Won);
        account.Book(0, 6);
        Assert.False(account.MayGuess);
        int steps = 0;
        for (; !account.MayGuess; steps++)
            account.Save();
        Assert.InRange(steps, 1, 50);
    }

    [Fact]
    public void A_step_holds_at_most_twice_what_the_last_did_and_few_again_after_a_loss()
    {
        Account account = new(8);
        int rows = account.Rows;
        account.Grow();
        account.Book(2, 1);
        Assert.Equal(2 * rows, account.Rows);
        account.Book(0, 20);
        Assert.Equal(rows, account.Rows);
    }
}
