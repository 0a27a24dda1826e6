using Sluice.Jobs;
using Sluice.Store;
using Xunit;

namespace Sluice.Tests.Inference;

/// <summary>A worker whose files, or whose formats of them, are not those of the node that accepted the job.</summary>
public sealed class OtherRevisionTests
{
    private static NewJob Accepted(string revision) => Embedded.Job("once", prefixKey: 1) with { ModelRevision = revision, ExactKey = new byte[32], Fingerprint = new byte[32] };

    [Fact]
    public async Task An_answer_says_which_revision_gave_it_and_is_kept_only_under_its_own()
    {
        await using WorkerRig rig = await Embedded.StartAsync();
        async Task<JobRecord> RunAsync(string revision, SubmitOutcome expected)
        {
            NewJob job = Accepted(revision);
            Assert.Equal(expected, Assert.Single(await rig.Store.SubmitAsync([job], CancellationToken.None)).Outcome);
            return await rig.EndAsync(job.Id);
        }
        JobRecord other = await RunAsync("stub-v0", SubmitOutcome.Queued);
        Assert.Equal((JobState.Succeeded, "stub-v1", AnswerSource.Engine), (other.State, other.ModelRevision, other.Result!.Source));
        JobRecord own = await RunAsync("stub-v1", SubmitOutcome.Queued);
        Assert.Equal((JobState.Succeeded, "stub-v1", AnswerSource.Engine), (own.State, own.ModelRevision, own.Result!.Source));
        Assert.Equal(AnswerSource.Cache, (await RunAsync("stub-v1", SubmitOutcome.CacheHit)).Result!.Source);
    }
}
