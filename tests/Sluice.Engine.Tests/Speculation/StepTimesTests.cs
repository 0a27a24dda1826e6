using Sluice.Engine.Speculation;
using Xunit;

namespace Sluice.Engine.Tests.Speculation;

public sealed class StepTimesTests
{
    private const int Step = 1000, Guess = 100; // ticks

    private readonly StepTimes _times = new(4);

    public StepTimesTests()
    {
        for (int i = 0; i < 5; i++)
        {
            _times.Observe(1, 0, Step);
            _times.ObserveDraft(1, 4, 0, 4 * Guess);
        }
    }

    [Fact]
    public void Catching_up_is_priced_with_guesses_and_without()
    {
        _times.ObserveDraft(0, 0, 500, 500 * 7);
        Assert.Equal(7 * 80, _times.Draft(1, 0, 80), 1.0);
        StepTimesTests other = new();
        other._times.ObserveDraft(1, 4, 500, (4 * Guess) + (500 * 7));
        Assert.Equal((2 * Guess) + (7 * 80), other._times.Draft(1, 2, 80), 1.0);
    }

    [Fact]
    public void A_few_tokens_say_nothing_of_what_one_costs()
    {
        double before = _times.Draft(1, 0, 1000);
        for (int i = 0; i < 5; i++)
            _times.ObserveDraft(1, 4, 2, (4 * Guess) - 10); // a draft that was a little faster
        Assert.Equal(before, _times.Draft(1, 0, 1000));
    }

    [Fact]
    public void A_price_of_nothing_is_not_for_ever()
    {
        for (int i = 0; i < 3; i++)
            _times.ObserveDraft(1, 4, 100, 4 * Guess);
        Assert.Equal(0, _times.Draft(1, 0, 100), 1.0);
        for (int i = 0; i < 60; i++)
            _times.ObserveDraft(1, 4, 100, (4 * Guess) + (100 * 7));
        Assert.Equal(100 * 7, _times.Draft(1, 0, 100), 10.0);
    }
}
