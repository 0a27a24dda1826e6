using System.Reflection;
using Sluice.Store;

namespace Sluice.Tests.Submissions;

/// <summary>A store with somebody in between, who sees each call and may answer it.</summary>
public class TappedStore : DispatchProxy
{
    private ISubmissionStore _inner = null!;
    private Func<string, object?[], Func<object?>, object?> _tap = null!;

    /// <param name="inner">Does the work.</param>
    /// <param name="tap">Method, arguments and the call itself; returns what the method does.</param>
    public static ISubmissionStore Around(ISubmissionStore inner, Func<string, object?[], Func<object?>, object?> tap)
    {
        ISubmissionStore store = Create<ISubmissionStore, TappedStore>();
        TappedStore tapped = (TappedStore)(object)store;
        (tapped._inner, tapped._tap) = (inner, tap);
        return store;
    }

    protected override object? Invoke(MethodInfo? targetMethod, object?[]? args) => _tap(targetMethod!.Name, args!, () => targetMethod.Invoke(_inner, args));
}
