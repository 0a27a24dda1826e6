using System.Reflection;
using Sluice.Store;

namespace Sluice.Tests.Intake;

/// <summary>A store whose submits wait at a gate, and are counted.</summary>
public sealed class GatedStore
{
    public GatedStore(IJobStore inner)
    {
        Store = DispatchProxy.Create<IJobStore, Proxy>();
        ((Proxy)(object)Store).Enter(this, inner);
    }

    public IJobStore Store { get; }

    public TaskCompletionSource Gate { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>The first submit has come to the gate.</summary>
    public TaskCompletionSource Entered { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Jobs per transaction.</summary>
    public List<int> Sizes { get; } = [];

    public Exception? Fault { get; set; }

    /// <summary>Passes everything but submits straight on.</summary>
    public class Proxy : DispatchProxy
    {
        private GatedStore _gated = null!;
        private IJobStore _inner = null!;

        internal void Enter(GatedStore gated, IJobStore inner) => (_gated, _inner) = (gated, inner);

        protected override object? Invoke(MethodInfo? targetMethod, object?[]? args) =>
            targetMethod!.Name == nameof(IJobStore.SubmitAsync)
                ? SubmitAsync((IReadOnlyList<NewJob>)args![0]!, (CancellationToken)args[1]!)
                : targetMethod.Invoke(_inner, args);

        private async Task<IReadOnlyList<SubmitResult>> SubmitAsync(IReadOnlyList<NewJob> jobs, CancellationToken cancellationToken)
        {
            _gated.Sizes.Add(jobs.Count);
            _gated.Entered.TrySetResult();
            await _gated.Gate.Task.WaitAsync(cancellationToken);
            return _gated.Fault is null ? await _inner.SubmitAsync(jobs, cancellationToken) : throw _gated.Fault;
        }
    }
}
