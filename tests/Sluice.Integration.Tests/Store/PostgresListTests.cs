using Microsoft.Extensions.Options;
using Sluice.Jobs;
using Sluice.Store;
using Sluice.Store.Postgres;
using Sluice.Tests.Store;
using Xunit;

namespace Sluice.Integration.Tests.Store;

/// <summary>Jobs of a rare state among many others.</summary>
[Collection(PostgresTests.Name)]
public sealed class PostgresListTests(PostgresDatabase database) : StoreContract(new PostgresHost(database))
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_page_of_a_rare_state_ends_after_so_many_jobs_and_says_where_to_go_on(bool ofSubmission)
    {
        Guid? submission = ofSubmission ? Guid.NewGuid() : null;
        NewJob[] jobs = [.. Enumerable.Range(0, 30).Select(_ => Job() with { Submission = submission })];
        await Store.SubmitAsync(jobs, Token);
        NewJob[] rare = [jobs[3], jobs[4], jobs[25]];
        foreach (NewJob job in rare)
        {
            await Store.CancelAsync(Tenant, job.Id, Token);
        }
        await using Database connections = new(Options.Create(database.Options), TimeProvider.System);
        PostgresJobStore store = new(connections, TimeProvider.System) { MostLookedAt = 10 };
        JobQuery query = new() { State = JobState.Cancelled, Submission = submission, Limit = 2 };
        List<JobId[]> pages = [];
        do
        {
            JobList page = await store.ListAsync(Tenant, query, Token);
            pages.Add([.. page.Select(job => job.Id)]);
            query = query with { After = page.Next };
        }
        while (query.After is not null);
        Assert.Equal([[rare[2].Id], [], [rare[1].Id, rare[0].Id]], pages);
        Assert.Equal(30, (await store.ListAsync(Tenant, new JobQuery { Submission = submission }, Token)).Count);
    }
}
