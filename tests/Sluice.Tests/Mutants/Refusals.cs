using System.Diagnostics;
using System.Globalization;
using Xunit;

namespace Sluice.Tests.Mutants;

/// <summary>How long refused requests took, and what memory all of them cost: client and server are one process. For any number of threads.</summary>
internal sealed class Refusals(string what)
{
    // Expected of a refusal: 100 ms at most. A machine that is busy for a moment may be ten times as slow, once in a while more.
    private static readonly TimeSpan s_median = TimeSpan.FromMilliseconds(100), s_p99 = TimeSpan.FromSeconds(1), s_worst = TimeSpan.FromSeconds(5);
    private const long MostAllocated = 2 << 20; // bytes, per request, the mutator's and the client's own among them

    private readonly List<TimeSpan> _times = [];
    private readonly long _allocatedBefore = GC.GetTotalAllocatedBytes(), _before = GC.GetTotalMemory(forceFullCollection: true);
    private int _requests;

    /// <summary>Bytes that live now and did not when this began.</summary>
    public long Kept => GC.GetTotalMemory(forceFullCollection: true) - _before;

    /// <summary>A request was answered.</summary>
    /// <param name="status">Only 4xx is a refusal.</param>
    /// <param name="start">Of <see cref="Stopwatch.GetTimestamp"/>, when all of it was sent.</param>
    public void Add(int status, long start)
    {
        TimeSpan took = Stopwatch.GetElapsedTime(start);
        lock (_times)
        {
            _requests++;
            if (status is >= 400 and < 500)
            {
                _times.Add(took);
            }
        }
    }

    /// <summary>Prints what was seen and holds it to its limits.</summary>
    /// <param name="mostKept">Bytes that may be kept: what was accepted is.</param>
    public void Judge(long mostKept)
    {
        long kept = Kept, allocated = (GC.GetTotalAllocatedBytes() - _allocatedBefore) / Math.Max(1, _requests);
        _times.Sort();
        TimeSpan median = At(0.5), p99 = At(0.99), worst = At(1);
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{what}: {_times.Count} of {_requests} refused, median {median.TotalMilliseconds:0.0} ms, p99 {p99.TotalMilliseconds:0.0} ms, worst {worst.TotalMilliseconds:0} ms; {allocated / 1024} kB allocated per request, {kept / 1024} kB kept of at most {mostKept / 1024} kB"));
        Assert.True(median < s_median, $"{what}: median {median}");
        Assert.True(p99 < s_p99, $"{what}: p99 {p99}");
        Assert.True(worst < s_worst, $"{what}: worst {worst}");
        Assert.True(allocated < MostAllocated, $"{what}: {allocated} bytes allocated per request");
        Assert.True(kept < mostKept, $"{what}: {kept} bytes kept of at most {mostKept}");
    }

    private TimeSpan At(double part) => _times.Count == 0 ? TimeSpan.Zero : _times[(int)((_times.Count - 1) * part)];
}
