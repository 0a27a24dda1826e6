using Sluice.Batching;
using Sluice.Jobs;
using Xunit;

namespace Sluice.Tests.Batching;

/// <summary>A former, its clock and an engine of 8 sequences, 256 step tokens and 64 pages of 16 tokens, of which tests say what runs.</summary>
internal sealed class FormerBench
{
    public FormerBench(FormerOptions? options = null) => Former = new(Options = options ?? new(), Cost, Clock);

    public HandClock Clock { get; } = new();
    public CostEstimate Cost { get; } = new();
    public FormerOptions Options { get; }
    public Former Former { get; }
    public EngineRoom Room { get; set; } = EngineRoom.Empty(8, 256, 64);

    /// <summary>An engine with enough to do and room for one thing more.</summary>
    public static EngineRoom Busy(int free = 8, int pages = 64) =>
        EngineRoom.Empty(8 + free, 256, 64) with { Running = 8, FreeSequences = free, FreePages = pages };

    /// <summary>Teaches the estimate 1 ms per prompt token and 10 ms per new token, exactly.</summary>
    public FormerBench Taught()
    {
        for (int i = 0; i < 400; i++)
        {
            Cost.Observe(100, 0, TimeSpan.FromMilliseconds(100));
            Cost.Observe(0, 10, TimeSpan.FromMilliseconds(100));
        }
        return this;
    }

    public WaitingJob Add(
        JobClass @class = JobClass.Standard, double? deadline = null, int prompt = 16, int max = 16, long prefix = 0, OnLate late = OnLate.Expire, int suspicions = 0,
        string tenant = "t", long[]? chain = null)
    {
        WaitingJob job = new()
        {
            Id = JobId.New(Clock),
            Tenant = tenant,
            Class = @class,
            Deadline = deadline is { } ms ? Clock.Now + TimeSpan.FromMilliseconds(ms) : null,
            OnLate = late,
            PromptTokens = prompt,
            MaxNewTokens = max,
            PrefixKey = prefix,
            Chain = chain,
            CreatedAt = Clock.Now,
            Suspicions = suspicions,
        };
        Assert.True(Former.Add(job));
        return job;
    }

    public FormerDecision Next() => Former.Next(Room);

    /// <summary>The ids of the batch that goes now.</summary>
    public JobId[] Batch() => [.. Next().Batch?.Jobs.Select(j => j.Id) ?? []];
}
