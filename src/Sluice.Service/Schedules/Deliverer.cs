using System.Text.Json;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Sluice.Jobs;
using Sluice.Store;

namespace Sluice.Service.Schedules;

/// <summary>Takes a run's answers to its sink, when all of them are there.</summary>
internal sealed partial class Deliverer(ISubmissionStore submissions, AnswerSinks sinks, IOptions<ScheduleOptions> options, ILogger<Deliverer> logger)
{
    public async Task RunAsync(FiringClaim claim)
    {
        FiringRecord firing = claim.Firing;
        SubmissionRecord? submission = await submissions.GetAsync(firing.Tenant, firing.Id, claim.Token);
        if (submission is not { State: SubmissionState.Finished })
        {
            await claim.EndAsync(FiringState.Cancelled, FiringEnds.SubmissionCancelled, "Its submission was cancelled.");
            return;
        }
        SinkSpec spec = JsonSerializer.Deserialize(claim.Work.Sink, SpecJson.Default.SinkSpec)!;
        if (sinks.Open(firing.Tenant, spec) is { } sink)
        {
            await sink.DeliverAsync(claim, new OutcomeReader(submissions, firing.Tenant, firing.Id, options.Value.Chunk));
        }
        await claim.EndAsync(FiringState.Finished);
        LogDelivered(firing.Id, submission.Counts.Succeeded, submission.Counts.Lines, spec.Type);
    }

    [LoggerMessage(6030, LogLevel.Information, "Run {Firing} is finished: {Succeeded} of {Rows} rows answered, sink {Sink}")]
    private partial void LogDelivered(Guid firing, int succeeded, int rows, string sink);
}
