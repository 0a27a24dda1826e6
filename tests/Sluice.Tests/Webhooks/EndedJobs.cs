using Sluice.Jobs;
using Sluice.Store;
using Xunit;

namespace Sluice.Tests.Webhooks;

/// <summary>Jobs whose ends are to be told.</summary>
internal static class EndedJobs
{
    public const string Tenant = "acme";
    private const string Model = "m";

    public static NewJob Job(string? customId = null, JobRequest? request = null) => new()
    {
        Id = JobId.New(TimeProvider.System),
        Tenant = Tenant,
        Namespace = "default",
        Kind = JobKind.Generate,
        Class = JobClass.Standard,
        Model = Model,
        ModelRevision = "r",
        Request = request ?? new JobRequest { Model = Model, Prompt = "x" },
        PromptTokens = 1,
        MaxNewTokens = 1,
        PrefixKey = 1,
        CustomId = customId,
    };

    /// <summary>All of them succeed, by a worker of their own.</summary>
    public static async Task SucceedAsync(IJobStore store, params NewJob[] jobs)
    {
        Guid worker = Guid.NewGuid();
        await store.RegisterWorkerAsync(new WorkerRegistration(worker, $"w{worker:N}", [Model]), CancellationToken.None);
        await store.SubmitAsync(jobs, CancellationToken.None);
        JobId[] ids = [.. jobs.Select(job => job.Id)];
        await store.ReserveAsync(worker, ids, CancellationToken.None);
        IReadOnlyList<ClaimedJob> claimed = await store.ClaimAsync(worker, ids, CancellationToken.None);
        Assert.Equal(jobs.Length, claimed.Count);
        JobResult result = new() { Outputs = [], Usage = new JobUsage(), Source = AnswerSource.Engine };
        Assert.DoesNotContain(false, await store.FinishAsync(worker, [.. claimed.Select(job => new JobOutcome { Fence = job.Fence, State = JobState.Succeeded, Result = result })], CancellationToken.None));
    }
}
