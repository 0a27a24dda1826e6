using System.Collections.Concurrent;
using System.Reflection;
using Sluice.Store;

namespace Sluice.Tests.Inference;

/// <summary>A store that loses the answer of one member, after it took effect, as often as asked; what it would have said is kept.</summary>
public class LosingStore : DispatchProxy
{
    private readonly ConcurrentDictionary<string, int> _calls = new();
    private IJobStore _inner = null!;
    private string _member = "";
    private int _times;

    /// <summary>The lost answers.</summary>
    public List<object> Lost { get; } = [];

    /// <summary>How often a member was called.</summary>
    public int Calls(string member) => _calls.GetValueOrDefault(member);

    public static (IJobStore Store, LosingStore Losses) Around(IJobStore inner, string member, int times)
    {
        IJobStore store = Create<IJobStore, LosingStore>();
        LosingStore losses = (LosingStore)(object)store;
        (losses._inner, losses._member, losses._times) = (inner, member, times);
        return (store, losses);
    }

    protected override object? Invoke(MethodInfo? targetMethod, object?[]? args)
    {
        _calls.AddOrUpdate(targetMethod!.Name, 1, (_, calls) => calls + 1);
        object? answer = targetMethod.Invoke(_inner, args);
        return targetMethod.Name != _member ? answer : answer switch
        {
            Task<IReadOnlyList<ReservedJob>> jobs => LoseAsync(jobs),
            Task<IReadOnlyList<ClaimedJob>> jobs => LoseAsync(jobs),
            _ => throw new InvalidOperationException($"{_member} cannot lose its answer."),
        };
    }

    private async Task<IReadOnlyList<T>> LoseAsync<T>(Task<IReadOnlyList<T>> call)
        where T : notnull
    {
        IReadOnlyList<T> answer = await call;
        if (answer.Count == 0 || Interlocked.Decrement(ref _times) < 0)
        {
            return answer;
        }
        lock (Lost)
        {
            Lost.AddRange(answer.Cast<object>());
        }
        throw new InvalidOperationException("The answer was lost, as asked for.");
    }
}
