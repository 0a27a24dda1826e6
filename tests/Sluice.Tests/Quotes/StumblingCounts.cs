using System.Reflection;
using Sluice.Store;

namespace Sluice.Tests.Quotes;

/// <summary>A store whose first counts fail, by a bug and not by its absence.</summary>
public class StumblingCounts : DispatchProxy
{
    private IJobStore _inner = null!;
    private int _faults;

    public static IJobStore Around(IJobStore inner, int faults)
    {
        IJobStore store = Create<IJobStore, StumblingCounts>();
        ((StumblingCounts)(object)store)._inner = inner;
        ((StumblingCounts)(object)store)._faults = faults;
        return store;
    }

    protected override object? Invoke(MethodInfo? targetMethod, object?[]? args) =>
        targetMethod!.Name == nameof(IJobStore.StatisticsAsync) && Interlocked.Decrement(ref _faults) >= 0
            ? Task.FromException<StoreStatistics>(new InvalidOperationException("A bug, as asked for."))
            : targetMethod.Invoke(_inner, args);
}
