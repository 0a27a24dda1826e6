namespace Sluice.Tests.Store.Model;

/// <summary>One call of a random history. The numbers choose among what there is when it is made, so that a history with calls left out is one too.</summary>
internal readonly record struct StoreCommand(StoreCall Call, int A, int B, int C)
{
    private static readonly (StoreCall Call, int Weight)[] s_weights =
    [
        (StoreCall.Submit, 20), (StoreCall.Reserve, 16), (StoreCall.Claim, 16), (StoreCall.Succeed, 10), (StoreCall.Fail, 6), (StoreCall.Release, 3), (StoreCall.Unreserve, 3), (StoreCall.Steal, 3), (StoreCall.Resume, 4),
        (StoreCall.Lost, 2), (StoreCall.Heartbeat, 5), (StoreCall.Register, 5), (StoreCall.Retire, 1), (StoreCall.Cancel, 4), (StoreCall.Erase, 4), (StoreCall.Pass, 7), (StoreCall.Reconcile, 6),
    ];

    public static StoreCommand[] History(int seed, int length)
    {
        Random random = new(seed);
        int all = s_weights.Sum(w => w.Weight);
        return [.. Enumerable.Range(0, length).Select(_ => new StoreCommand(Pick(random.Next(all)), random.Next(1000), random.Next(1000), random.Next(1000)))];
    }

    public override string ToString() => $"{Call}({A}, {B}, {C})";

    private static StoreCall Pick(int at)
    {
        foreach ((StoreCall call, int weight) in s_weights)
        {
            if ((at -= weight) < 0)
                return call;
        }
        throw new ArgumentOutOfRangeException(nameof(at));
    }
}

/// <summary>What may be called.</summary>
internal enum StoreCall
{
    Submit,
    Reserve,
    Claim,
    Succeed,
    Fail,
    Release,
    Unreserve,
    Steal,
    Resume,
    Lost,
    Heartbeat,
    Register,
    Retire,
    Cancel,
    Erase,
    Pass,
    Reconcile,
}
