namespace Sluice.Store.Memory;

/// <summary>Cost models and workers' reports in memory.</summary>
internal sealed class MemoryCostStore(MemoryJobStore store) : ICostStore
{
    public Task SaveAsync(CostModel model, CancellationToken cancellationToken) =>
        store.LockedAsync(tables => tables.Costs[(model.Model, model.Revision, model.Backend)] = model with { SavedAt = tables.Now });

    public Task<CostModel?> LoadAsync(string model, string revision, string backend, CancellationToken cancellationToken) =>
        store.LockedAsync(tables => tables.Costs.GetValueOrDefault((model, revision, backend)));

    public Task ReportAsync(Guid worker, string load, CancellationToken cancellationToken) => store.LockedAsync(tables =>
    {
        if (tables.Workers.TryGetValue(worker, out MemoryWorker? known))
            known.Load = load;
        return true;
    });

    public Task<CostNews> NewsAsync(DateTimeOffset? after, CancellationToken cancellationToken) => store.LockedAsync(tables => new CostNews(
        tables.Now,
        [.. tables.Workers.Values.Select(worker => worker.Load).OfType<string>()],
        [.. tables.Costs.Values.Where(model => after is null || model.SavedAt > after)]));
}
