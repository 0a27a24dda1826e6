using System.Collections;
using System.Collections.Concurrent;
using System.Reflection;
using Sluice.Store;

namespace Sluice.Tests.Intake;

/// <summary>A store the calls of one member of which wait at a gate, and are counted.</summary>
public sealed class GatedStore
{
    public GatedStore(IJobStore inner, string member = nameof(IJobStore.SubmitAsync))
    {
        Store = DispatchProxy.Create<IJobStore, Proxy>();
        ((Proxy)(object)Store).Enter(this, inner, member);
    }

    public IJobStore Store { get; }

    public TaskCompletionSource Gate { get; private set; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>The first call has come to the gate.</summary>
    public TaskCompletionSource Entered { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Jobs per call.</summary>
    public ConcurrentQueue<int> Sizes { get; } = [];

    public Exception? Fault { get; set; }

    /// <summary>Calls from now on wait again, until the new gate opens.</summary>
    public void Close() => Gate = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Passes everything but that member's calls straight on.</summary>
    public class Proxy : DispatchProxy
    {
        private static readonly MethodInfo s_pass = typeof(Proxy).GetMethod(nameof(PassAsync), BindingFlags.Instance | BindingFlags.NonPublic)!;
        private GatedStore _gated = null!;
        private IJobStore _inner = null!;
        private string _member = "";

        internal void Enter(GatedStore gated, IJobStore inner, string member) => (_gated, _inner, _member) = (gated, inner, member);

        protected override object? Invoke(MethodInfo? targetMethod, object?[]? args) =>
            targetMethod!.Name == _member
                ? s_pass.MakeGenericMethod(targetMethod.ReturnType.GetGenericArguments()[0]).Invoke(this, [targetMethod, args])
                : targetMethod.Invoke(_inner, args);

        private async Task<T> PassAsync<T>(MethodInfo member, object?[] args)
        {
            _gated.Sizes.Enqueue(args.OfType<ICollection>().First().Count);
            _gated.Entered.TrySetResult();
            await _gated.Gate.Task.WaitAsync((CancellationToken)args[^1]!);
            return _gated.Fault is null ? await (Task<T>)member.Invoke(_inner, args)! : throw _gated.Fault;
        }
    }
}
