using System.Reflection;
using Sluice.Store;

namespace Sluice.Tests.Submissions;

/// <summary>A store whose feeding fails by turns: before it takes effect, after it took effect, not at all.</summary>
public class FaultyFeeds : DispatchProxy
{
    private ISubmissionStore _inner = null!;
    private int _calls;

    /// <summary>Feeds that took effect and whose answer was lost.</summary>
    public int Lost { get; private set; }

    public static (ISubmissionStore Store, FaultyFeeds Faults) Around(ISubmissionStore inner)
    {
        ISubmissionStore store = Create<ISubmissionStore, FaultyFeeds>();
        FaultyFeeds faults = (FaultyFeeds)(object)store;
        faults._inner = inner;
        return (store, faults);
    }

    protected override object? Invoke(MethodInfo? targetMethod, object?[]? args) => targetMethod!.Name == nameof(ISubmissionStore.FeedAsync)
        ? FeedAsync((FedChunk)args![0]!, (CancellationToken)args[1]!)
        : targetMethod.Invoke(_inner, args);

    private async Task<IReadOnlyList<SubmitResult>?> FeedAsync(FedChunk chunk, CancellationToken cancellationToken)
    {
        int turn = _calls++ % 3;
        if (turn == 0)
        {
            throw new StoreUnavailableException("Before, as asked for.");
        }
        IReadOnlyList<SubmitResult>? fed = await _inner.FeedAsync(chunk, cancellationToken);
        if (turn == 1 && fed is not null)
        {
            Lost++;
            throw new StoreUnavailableException("After, as asked for.");
        }
        return fed;
    }
}
