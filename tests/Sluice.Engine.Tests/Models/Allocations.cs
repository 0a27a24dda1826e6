using Xunit;

namespace Sluice.Engine.Tests.Models;

/// <summary>Managed bytes that work takes on the thread that calls it. Whole classes about that run in this collection: beside nothing else.</summary>
[CollectionDefinition(nameof(Allocations), DisableParallelization = true)]
public static class Allocations
{
    private const int Tries = 3;

    /// <summary>The least of three times: what the runtime takes once, when a thread first waits or code is compiled again, is not the work's.</summary>
    public static long Least(Action work)
    {
        long least = long.MaxValue;
        for (int i = 0; i < Tries && least > 0; i++)
        {
            long before = GC.GetAllocatedBytesForCurrentThread();
            work();
            long taken = GC.GetAllocatedBytesForCurrentThread() - before;
            least = Math.Min(least, taken);
            if (taken > 0)
                Console.WriteLine($"allocations, {i + 1} of {Tries}: {taken} bytes");
        }

        return least;
    }
}
