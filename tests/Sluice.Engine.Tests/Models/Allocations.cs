namespace Sluice.Engine.Tests.Models;

/// <summary>Managed bytes that work takes on the thread that calls it.</summary>
internal static class Allocations
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
            least = Math.Min(least, GC.GetAllocatedBytesForCurrentThread() - before);
        }

        return least;
    }
}
