using FsCheck;
using FsCheck.Fluent;
using Sluice.Batching;
using Xunit;

namespace Sluice.Tests.Batching;

public sealed class FormerPropertyTests
{
    // the same histories in every run: a failure is there again
    private static readonly Config _config = Config.QuickThrowOnFailure.WithReplay(20261130, 0x9E3779B97F4A7C15);

    [Fact]
    public void Every_promise_holds_in_thousands_of_histories()
    {
        Dictionary<CloseReason, int> reasons = Enum.GetValues<CloseReason>().ToDictionary(r => r, _ => 0);
        int expired = 0, impossible = 0, takenBack = 0;
        Property promises = Prop.ForAll(FormerScript.Any, history =>
        {
            FormerWorld world = new(takesBack: history.Length % 2 == 0);
            world.Play(history);
            world.PlayToTheEnd();
            foreach ((CloseReason reason, int times) in world.Reasons) reasons[reason] += times;
            expired += world.Expired;
            impossible += world.Impossible;
            takenBack += world.TakenBack;
        });
        Check.One(_config.WithMaxTest(10_000), promises);

        // the histories reach every branch: otherwise the promises above would say little
        Assert.All(reasons, r => Assert.True(r.Value > 100, $"{r.Key} was seen {r.Value} times"));
        Assert.True(expired > 100 && impossible > 100 && takenBack > 100, $"{expired} expired, {impossible} impossible, {takenBack} took room back");
    }

    [Fact]
    public void The_same_history_gives_the_same_batches()
    {
        Property same = Prop.ForAll(FormerScript.Any, history =>
        {
            FormerWorld first = new(takesBack: true), second = new(takesBack: true);
            first.Play(history);
            second.Play(history);
            Assert.Equal(first.Decisions, second.Decisions);
        });
        Check.One(_config.WithMaxTest(1000), same);
    }
}
