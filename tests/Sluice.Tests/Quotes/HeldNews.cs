using Sluice.Store;

namespace Sluice.Tests.Quotes;

/// <summary>Keeps costs, and tells nobody before it is released; then it fails as often as asked, by a bug and not by its absence.</summary>
internal sealed class HeldNews(ICostStore inner) : ICostStore
{
    private readonly TaskCompletionSource _released = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Faults still to come.</summary>
    public int Faults { get; set; }

    public void Release() => _released.TrySetResult();

    public Task SaveAsync(CostModel model, CancellationToken cancellationToken) => inner.SaveAsync(model, cancellationToken);

    public Task<CostModel?> LoadAsync(string model, string revision, string backend, CancellationToken cancellationToken) => inner.LoadAsync(model, revision, backend, cancellationToken);

    public Task ReportAsync(Guid worker, string load, CancellationToken cancellationToken) => inner.ReportAsync(worker, load, cancellationToken);

    public async Task<CostNews> NewsAsync(DateTimeOffset? after, CancellationToken cancellationToken)
    {
        await _released.Task.WaitAsync(cancellationToken);
        if (Faults-- > 0)
        {
            throw new InvalidOperationException("A bug, as asked for.");
        }
        return await inner.NewsAsync(after, cancellationToken);
    }
}
