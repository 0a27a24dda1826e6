using Sluice.Jobs;
using Sluice.Store;

namespace Sluice.Tests.Store.Model;

/// <summary>What is compared.</summary>
internal sealed partial class ModelRun
{
    private async Task CompareAsync()
    {
        List<JobRecord> stored = [.. await _store.ListAsync(Tenant(0), new JobQuery { Limit = 1000 }, token), .. await _store.ListAsync(Tenant(1), new JobQuery { Limit = 1000 }, token)];
        Same(_model.Jobs.Select(Line), stored.Select(Line));
        Same(_model.Workers.Keys.Select(id => $"{id}"), (await _store.WorkersAsync(token)).Where(w => w.Name.EndsWith(_mark, StringComparison.Ordinal)).Select(w => $"{w.Id}"));
        foreach (Guid worker in _workers.TakeLast(4))
        {
            Same(_model.Jobs.Where(j => j.Live && j.HeldBy == worker).Select(j => $"{Name(j)} {j.Claims} {j.State == JobState.Running}"),
                (await _store.HeldAsync(worker, token)).Select(h => $"{Name(h.Fence.Job)} {h.Fence.Claims} {h.Runs}"));
        }
        await CompareOutboxAsync();
        StoreStatistics counts = await _store.StatisticsAsync(token);
        Same([$"{_model.Jobs.Count(j => j.State == JobState.Queued)} {_model.Jobs.Count(j => j.State == JobState.Running)} 0"], [$"{counts.Queued} {counts.Running} {counts.Outbox}"]);
    }

    private async Task CompareOutboxAsync()
    {
        List<OutboxRow> rows = [];
        while (await _store.RelayOutboxAsync(100, Take, token) > 0)
        {
        }
        IEnumerable<string> tickets = rows.Where(r => r.Kind == OutboxKind.Ticket).OrderBy(r => r.Id).SelectMany(r => (r.Jobs ?? [r.Job]).Select(id => (Id: id, r.Class)))
            .GroupBy(t => t.Id).Select(g => $"ticket {Name(g.Key)} {g.Last().Class}");
        Same(
            [.. _model.Tickets.Select(t => $"ticket {Name(t.Key)} {t.Value}"), .. _model.Ends.Select(j => $"end {Name(j)} {j.State} {j.Code}")],
            [.. tickets, .. rows.Where(r => r.Kind == OutboxKind.JobFinished).Select(r => $"end {Name(r.Job)} {r.State} {r.ErrorCode}")]);
        _model.Tickets.Clear();
        _model.Ends.Clear();

        Task Take(IReadOnlyList<OutboxRow> page, CancellationToken cancellationToken)
        {
            rows.AddRange(page);
            return Task.CompletedTask;
        }
    }

    /// <summary>All that lives ends, and nothing is left for the run after this one.</summary>
    private async Task EndAsync()
    {
        foreach (ModelJob job in _model.Jobs)
        {
            Same([$"{job.Erased}"], [$"{await _store.GetInputAsync(job.Tenant, job.Id, token) is null}"]);
        }
        await TidyAsync();
        foreach (Guid worker in _model.Workers.Keys.ToList())
        {
            _model.Retire(worker);
        }
        _model.Jobs.ForEach(job => _model.Cancel(job));
        List<JobRecord> stored = [.. await _store.ListAsync(Tenant(0), new JobQuery { Limit = 1000 }, token), .. await _store.ListAsync(Tenant(1), new JobQuery { Limit = 1000 }, token)];
        Same(_model.Jobs.Select(Line), stored.Select(Line));
    }

    private async Task TidyAsync()
    {
        foreach (Guid worker in _workers)
        {
            await _store.RetireWorkerAsync(worker, token);
        }
        foreach (ModelJob job in _model.Jobs)
        {
            await _store.CancelAsync(job.Tenant, job.Id, token);
        }
        while (await _store.RelayOutboxAsync(100, (_, _) => Task.CompletedTask, token) > 0)
        {
        }
    }

    private string Line(ModelJob job) => $"{Name(job)} {job.State} claims {job.Claims} failures {job.Failures} waits {(job.WaitsFor is null ? "" : Name(job.WaitsFor))} started {job.Started} ended {!job.Live} "
        + $"'{job.Answer}' {(job.Answer is null ? "" : job.Source)} {job.Code} late {job.OnLate} due {job.Deadline is not null}";

    private string Line(JobRecord job) => $"{Name(job.Id)} {job.State} claims {job.Claims} failures {job.Failures} waits {(job.WaitsFor is { } leader ? Name(leader) : "")} started {job.StartedAt is not null} ended {job.FinishedAt is not null} "
        + $"'{job.Result?.Outputs[0].Text}' {(job.Result is null ? "" : job.Result.Source)} {job.Error?.Code} late {job.OnLate} due {job.Deadline is not null}";

    private static void Same(IEnumerable<string> expected, IEnumerable<string> actual)
    {
        string[] wanted = [.. expected.Order(StringComparer.Ordinal)], got = [.. actual.Order(StringComparer.Ordinal)];
        if (!wanted.SequenceEqual(got))
            throw new DifferenceException($"model: {string.Join("; ", wanted.Except(got))}\nstore: {string.Join("; ", got.Except(wanted))}\n({wanted.Length} and {got.Length} lines)");
    }

    private sealed class DifferenceException(string message) : Exception(message);
}
