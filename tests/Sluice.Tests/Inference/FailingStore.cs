using System.Collections.Concurrent;
using System.Reflection;

namespace Sluice.Tests.Inference;

/// <summary>A store one member of which fails, with a fault that is no sign of absence unless told so: at once, or when its caller gives up.</summary>
public class FailingStore : DispatchProxy
{
    private readonly ConcurrentQueue<string> _calls = new();
    private object _inner = null!;
    private string _member = "";
    private bool _hangs;

    /// <summary>How often the member was called.</summary>
    public int Calls => CallsOf(_member);

    /// <summary>Which of its calls fail, counted from 1; else all.</summary>
    public Func<int, bool> Fails { get; set; } = _ => true;

    /// <summary>What its failing calls throw.</summary>
    public Func<Exception> Fault { get; set; } = () => new InvalidOperationException("The store failed, as asked for.");

    /// <summary>Told of each call of the member before it is made, with its arguments.</summary>
    public Action<object?[]> Called { get; set; } = _ => { };

    public int CallsOf(string member) => _calls.Count(call => call == member);

    public static (T Store, FailingStore Failures) Around<T>(T inner, string member, bool hangs)
        where T : class
    {
        T store = Create<T, FailingStore>();
        FailingStore failures = (FailingStore)(object)store;
        (failures._inner, failures._member, failures._hangs) = (inner, member, hangs);
        return (store, failures);
    }

    protected override object? Invoke(MethodInfo? targetMethod, object?[]? args)
    {
        _calls.Enqueue(targetMethod!.Name);
        if (targetMethod.Name == _member)
        {
            Called(args!);
        }
        if (targetMethod.Name != _member || !Fails(Calls))
        {
            return targetMethod.Invoke(_inner, args);
        }
        CancellationToken caller = (CancellationToken)args![^1]!;
        Type answer = targetMethod.ReturnType;
        return answer == typeof(Task)
            ? FailAsync<bool>(caller)
            : typeof(FailingStore).GetMethod(nameof(FailAsync), BindingFlags.Instance | BindingFlags.NonPublic)!.MakeGenericMethod(answer.GetGenericArguments()[0]).Invoke(this, [caller]);
    }

    private async Task<T> FailAsync<T>(CancellationToken caller)
    {
        if (_hangs)
        {
            await Task.Delay(Timeout.InfiniteTimeSpan, caller).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
        throw Fault();
    }
}
