using Sluice.Jobs;
using Sluice.Service.Cache;
using Sluice.Service.Intake;
using Sluice.Store;

namespace Sluice.Service.Submissions;

/// <summary>Turns staged lines into jobs: the same checks, counts, keys and cache as for a job that comes alone.</summary>
internal sealed class FedJobs(JobIntake intake, SemanticTier semantic, IJobStore store)
{
    /// <summary>
    /// The chunk ends before a line that only wants a model which a worker serves and this process does not know: another node is to judge it, and <c>Elsewhere</c> names that model.
    /// </summary>
    public async Task<(FedChunk Chunk, string? Elsewhere)> MakeAsync(FeedWork work, bool judgesAll, CancellationToken cancellationToken)
    {
        LineDefaults defaults = LineDefaults.Of(work.Submission);
        List<NewJob> jobs = new(work.Lines.Count);
        List<StagedLine> invalid = [], late = [];
        HashSet<string>? served = null;
        string? elsewhere = null;
        foreach (FeedLine line in work.Lines)
        {
            RequestErrors errors = new();
            SubmissionLine? read = SubmissionLine.Read(line.Request, errors, out string? customId);
            IReadOnlyList<FieldError> faults = errors.All;
            if (read is not null && Make(work.Submission, line.Number, read, defaults, out faults) is { } job)
            {
                jobs.Add(job);
                if (job.TooLate)
                {
                    late.Add(Late(work.Submission, line.Number, job));
                }
            }
            else
            {
                if (!judgesAll && read is not null && faults is [{ Code: RequestRules.UnknownModel }])
                {
                    string model = read.Request.Model ?? defaults.Model!;
                    served ??= [.. (await store.WorkersAsync(cancellationToken)).SelectMany(worker => worker.Models)];
                    if (served.Contains(model))
                    {
                        (elsewhere, work) = (model, work with { To = line.Number - 1 });
                        break;
                    }
                }
                invalid.Add(new StagedLine(line.Number, null, customId ?? read?.CustomId, faults));
            }
        }
        return (new FedChunk { Work = work, Jobs = await semantic.MatchAsync(jobs, cancellationToken), Invalid = invalid, Late = late }, elsewhere);
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
        DateTimeOffset? deadline = job.Deadline ?? submission.CreatedAt + job.Ttl;
        deadline = submission.FinishBy is { } latest && !(deadline < latest) ? latest : deadline;
        job = intake.Quoted(job with { Deadline = deadline, Ttl = null, TenantBound = null, TraceParent = null, Shape = line.Shape });
        // where no worker runs the model now, one may before the deadline
        return job with { TooLate = job.TooLate && job.Quote is not null };
    }

    /// <summary>A line has nobody to be told at once: where it would be rejected it becomes an error row.</summary>
    private StagedLine Late(SubmissionRecord submission, int number, NewJob job)
    {
        IntakeResult.TooLate late = intake.Late(job);
        bool whole = job.Deadline == submission.FinishBy;
        return new StagedLine(number, null, job.CustomId, [new FieldError(whole ? "finish_by" : late.Field, late.Detail, IntakeResult.TooLate.Code)]);
    }

    /// <summary>A fault of an OpenAI line is named as it stands there.</summary>
    private static FieldError InBody(FieldError fault)
    {
        string field = fault.Field.StartsWith("parameters.", StringComparison.Ordinal) ? fault.Field["parameters.".Length..] : fault.Field;
        return fault with { Field = $"body.{field}" };
    }
}
