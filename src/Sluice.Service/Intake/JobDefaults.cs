using Sluice.Jobs;

namespace Sluice.Service.Intake;

/// <summary>What absent members of a <see cref="JobRequest"/> mean.</summary>
internal static class JobDefaults
{
    public const int MaxTokens = 128;
    public const string Namespace = "default";
    public const JobClass Class = JobClass.Standard;
    public const OnLate OnLate = Jobs.OnLate.Expire;
    public static readonly TimeSpan CacheTtl = TimeSpan.FromHours(24);
}
