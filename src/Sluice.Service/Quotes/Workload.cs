using Sluice.Batching;
using Sluice.Jobs;
using Sluice.Store;

namespace Sluice.Service.Quotes;

/// <summary>Which jobs generate answers of a kind. The same number in every process and version, for lengths are kept under it.</summary>
internal static class Workload
{
    public static long Of(string tenant, string cacheNamespace, JobKind kind, int maxNewTokens)
    {
        ulong hash = 14695981039346656037; // FNV-1a, 64 bits
        Add(tenant);
        Add(cacheNamespace);
        Mix((ushort)kind);
        Mix((ushort)maxNewTokens);
        Mix((ushort)(maxNewTokens >> 16));
        return unchecked((long)hash);

        void Add(string text)
        {
            foreach (char c in text)
            {
                Mix(c);
            }
            Mix(0xFFFF); // no text has it
        }

        void Mix(ushort value)
        {
            hash = unchecked((hash ^ (value & 0xFFu)) * 1099511628211);
            hash = unchecked((hash ^ (uint)(value >> 8)) * 1099511628211);
        }
    }

    /// <summary>As a former would be told of it, at <paramref name="now"/>.</summary>
    public static WaitingJob Waiting(NewJob job, DateTimeOffset now) => new()
    {
        Id = job.Id,
        Tenant = job.Tenant,
        Class = job.Class,
        Deadline = job.Deadline ?? now + job.Ttl,
        OnLate = job.OnLate,
        PromptTokens = job.PromptTokens,
        MaxNewTokens = job.MaxNewTokens,
        Workload = Of(job.Tenant, job.Namespace, job.Kind, job.MaxNewTokens),
        CreatedAt = now,
    };

    /// <summary>A job like the average of many, with an answer as long as answers are.</summary>
    public static WaitingJob Average(JobClass @class, long jobs, long promptTokens, long maxNewTokens, CostEstimate cost, DateTimeOffset now) => new()
    {
        Id = default,
        Tenant = "",
        Class = @class,
        PromptTokens = (int)(promptTokens / Math.Max(1, jobs)),
        MaxNewTokens = (int)Math.Ceiling(maxNewTokens * cost.AnswerShare / Math.Max(1, jobs)),
        CreatedAt = now,
    };
}
