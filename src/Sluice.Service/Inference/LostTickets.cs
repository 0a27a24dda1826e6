namespace Sluice.Service.Inference;

/// <summary>That the broker lost its tickets: told by whoever found it out, and kept until the reconciler has sent them again.</summary>
internal sealed class LostTickets(TimeProvider time)
{
    private volatile Loss? _loss;

    /// <summary>What is not made good yet; null where nothing is.</summary>
    public Loss? Current => _loss;

    /// <summary>All tickets that were sent before now are gone. Completes when they have been sent again.</summary>
    public Task MakeGoodAsync()
    {
        Loss loss = new(time, time.GetTimestamp());
        _loss = loss;
        return loss.Good;
    }

    /// <summary>No ticket from before this loss is left; a later one stays.</summary>
    public void Done(Loss loss)
    {
        Interlocked.CompareExchange(ref _loss, null, loss);
        loss.End();
    }

    internal sealed class Loss(TimeProvider time, long at)
    {
        private readonly TaskCompletionSource _good = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task Good => _good.Task;

        /// <summary>How long ago it was found out.</summary>
        public TimeSpan Age => time.GetElapsedTime(at);

        public void End() => _good.TrySetResult();
    }
}
