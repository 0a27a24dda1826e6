using Sluice.Jobs;
using Sluice.Service.Cache;
using Sluice.Service.Intake;
using Sluice.Store;

namespace Sluice.Service.Submissions;

/// <summary>Turns staged lines into jobs: the same checks, counts, keys and cache as for a job that comes alone.</summary>
internal sealed class FedJobs(JobIntake intake, SemanticTier semantic)
{
    public async Task<FedChunk> MakeAsync(FeedWork work, CancellationToken cancellationToken)
    {
        LineDefaults defaults = LineDefaults.Of(work.Submission);
        List<NewJob> jobs = new(work.Lines.Count);
        List<StagedLine> invalid = [];
        foreach (FeedLine line in work.Lines)
        {
            RequestErrors errors = new();
            SubmissionLine? read = SubmissionLine.Read(line.Request, errors, out string? customId);
            IReadOnlyList<FieldError> faults = errors.All;
            if (read is not null && Make(work.Submission, line.Number, read, defaults, out faults) is { } job)
            {
                jobs.Add(job);
            }
            else
            {
                invalid.Add(new StagedLine(line.Number, null, customId ?? read?.CustomId, faults));
            }
        }
        return new FedChunk { Work = work, Jobs = await semantic.MatchAsync(jobs, cancellationToken), Invalid = invalid };
    }

    private NewJob? Make(SubmissionRecord submission, int number, SubmissionLine line, LineDefaults defaults, out IReadOnlyList<FieldError> faults)
    {
        SubmitOptions submit = new() { Id = SubmissionJobs.IdOf(submission.Id, number), Submission = submission.Id, CustomId = line.CustomId };
        // Accepted when the submission was: a time that has passed since then makes the job late, not invalid.
        NewJob? job = intake.Make(submission.Tenant, defaults.Fill(line), submit, submission.CreatedAt, out faults);
        if (job is null)
        {
            faults = line.Shape == LineShape.Job ? faults : [.. faults.Select(InBody)];
            return null;
        }
        // a line has nobody to be told at once: what would be rejected becomes an error row
        DateTimeOffset? deadline = job.Deadline ?? submission.CreatedAt + job.Ttl;
        deadline = submission.FinishBy is { } latest && !(deadline < latest) ? latest : deadline;
        job = intake.Quoted(job with { Deadline = deadline, Ttl = null, TenantBound = null, TraceParent = null, Shape = line.Shape });
        if (!job.TooLate || job.Quote is null)
        {
            return job with { TooLate = false };
        }
        faults = [new FieldError("on_late", intake.Late(job).Detail, IntakeResult.TooLate.Code)];
        return null;
    }

    /// <summary>A fault of an OpenAI line is named as it stands there.</summary>
    private static FieldError InBody(FieldError fault)
    {
        string field = fault.Field.StartsWith("parameters.", StringComparison.Ordinal) ? fault.Field["parameters.".Length..] : fault.Field;
        return fault with { Field = $"body.{field}" };
    }
}
