using Sluice.Batching;
using Sluice.Batching.Waiting;
using Sluice.Jobs;
using Xunit;

namespace Sluice.Tests.Batching.Waiting;

public sealed class FamiliesTests
{
    private readonly Families _families = new();

    [Fact]
    public void Prompts_that_share_nothing_leave_a_bounded_number_of_families_behind()
    {
        for (int i = 0; i < 3 * Families.MostWarm; i++)
        {
            Run(Entry(prefix: i));
        }

        Assert.Equal(Families.MostWarm, _families.Count);
    }

    [Fact]
    public void What_runs_again_and_again_stays_warm_beside_many_that_ran_once()
    {
        for (int i = 0; i < 3 * Families.MostWarm; i++)
        {
            Run(Entry(prefix: i));
            if (i % 1000 == 0)
            {
                Run(Entry(prefix: -1));
            }
        }

        Entry again = Entry(prefix: -1);
        _families.Add(again);

        Assert.True(Families.Cached(again) > 0);
    }

    [Fact]
    public void A_family_that_is_forgotten_while_a_job_of_it_waits_goes_with_that_job()
    {
        Entry waits = Entry(prefix: -1);
        Run(Entry(prefix: -1));
        _families.Add(waits);
        for (int i = 0; i < Families.MostWarm; i++)
        {
            Run(Entry(prefix: i));
        }

        Assert.Equal(0, Families.Cached(waits));
        Assert.Equal(Families.MostWarm + 1, _families.Count);
        _families.Remove(waits);
        Assert.Equal(Families.MostWarm, _families.Count);
    }

    private void Run(Entry entry)
    {
        _families.Add(entry);
        _families.Ran(entry, cached: 0);
        _families.Remove(entry);
    }

    private static Entry Entry(long prefix) => new(
        new WaitingJob
        {
            Id = new JobId(Guid.NewGuid()), Tenant = "a", Class = JobClass.Bulk, PromptTokens = 20, MaxNewTokens = 1, PrefixKey = prefix, Chain = new[] { prefix }, CreatedAt = DateTimeOffset.UnixEpoch,
        },
        addedAt: 0, number: 0);
}
