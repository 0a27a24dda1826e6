using FsCheck;
using FsCheck.Fluent;
using Sluice.Batching;
using Xunit;

namespace Sluice.Tests.Batching;

public sealed class FormerPropertyTests
{
    [Fact]
    public void Every_promise_holds_in_thousands_of_histories()
    {
        Dictionary<CloseReason, int> reasons = Enum.GetValues<CloseReason>().ToDictionary(r => r, _ => 0);
        int expired = 0, impossible = 0;
        Property promises = Prop.ForAll(FormerScript.Any, history =>
        {
            FormerWorld world = new();
            world.Play(history);
            world.PlayToTheEnd();
            foreach ((CloseReason reason, int times) in world.Reasons) reasons[reason] += times;
            expired += world.Expired;
            impossible += world.Impossible;
        });
        Check.One(Config.QuickThrowOnFailure.WithMaxTest(10_000), promises);

        // the histories reach every branch: otherwise the promises above would say little
        Assert.All(reasons, r => Assert.True(r.Value > 100, $"{r.Key} was seen {r.Value} times"));
        Assert.True(expired > 100 && impossible > 100, $"{expired} expired, {impossible} impossible");
    }

    [Fact]
    public void The_same_history_gives_the_same_batches()
    {
        Prop.ForAll(FormerScript.Any, history =>
        {
            FormerWorld first = new(), second = new();
            first.Play(history);
            second.Play(history);
            return first.Reasons.SequenceEqual(second.Reasons) && first.Expired == second.Expired;
        }).QuickCheckThrowOnFailure();
    }
}
