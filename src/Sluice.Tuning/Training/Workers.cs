namespace Sluice.Tuning.Training;

/// <summary>Runs the same work on a fixed number of threads; which part a worker takes follows from its number alone, so results do not depend on timing.</summary>
internal static class Workers
{
    public static void Run(int threads, Action<int> work)
    {
        if (threads == 1)
        {
            work(0);
            return;
        }
        Parallel.For(0, threads, new ParallelOptions { MaxDegreeOfParallelism = threads }, work);
    }
}
