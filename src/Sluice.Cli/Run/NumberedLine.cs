using Sluice.Batching;
using Sluice.Jobs;
using Sluice.Service.Files;
using Sluice.Service.Intake;
using Sluice.Service.Models;

namespace Sluice.Cli.Run;

/// <summary>A line that can run, with its number in the file.</summary>
internal sealed record NumberedLine(long Number, PreparedLine Prepared, ServedModel Model)
{
    private const string Tenant = "file";

    /// <summary>As the former sees it: bulk, of one tenant, without a deadline.</summary>
    public WaitingJob Wait(TimeProvider time) => new()
    {
        Id = JobId.New(time),
        Tenant = Tenant,
        Class = JobClass.Bulk,
        OnLate = OnLate.Run,
        PromptTokens = Prepared.Request.Prompt.Length,
        MaxNewTokens = Prepared.NewTokens,
        PrefixKey = JobKeys.Prefix(Tenant, JobDefaults.Namespace, Model, Prepared.Request.Prompt),
        CreatedAt = time.GetUtcNow(),
    };
}
