using Sluice.Jobs;

namespace Sluice.Batching.Simulation;

/// <summary>Gives a trace's requests classes, tenants and deadlines, and scales their times to a load.</summary>
internal static class Workload
{
    public const int Tenants = 50;

    /// <summary>Marks of a job's prefix that a former gets; see <see cref="WaitingJob.Chain"/>.</summary>
    public const int MostMarks = 64;

    /// <summary>
    /// A fifth interactive, to be done within 2 to 60 s (log-uniform); three tenths standard, within 5 min to 1 h (log-uniform); half bulk, by a time between a
    /// minute after its arrival and the trace's end (uniform; a minute after arrival where that is later). Tenants by Zipf's law.
    /// </summary>
    /// <param name="span">Seconds from the first arrival to the last.</param>
    public static SimJob[] Create(IReadOnlyList<TraceRequest> trace, int seed, double span)
    {
        Random random = new(seed);
        double scale = trace[^1].Seconds > 0 ? span / trace[^1].Seconds : 0;
        int max = (int)System.Numerics.BitOperations.RoundUpToPowerOf2((uint)trace.Max(request => request.NewTokens));
        double[] tenants = Zipf(Tenants);
        SimJob[] jobs = new SimJob[trace.Count];
        for (int i = 0; i < jobs.Length; i++)
        {
            TraceRequest request = trace[i];
            double arrival = request.Seconds * scale, draw = random.NextDouble(), within = random.NextDouble();
            JobClass @class = draw < 0.2 ? JobClass.Interactive : draw < 0.5 ? JobClass.Standard : JobClass.Bulk;
            double deadline = arrival + @class switch
            {
                JobClass.Interactive => LogUniform(2, 60, within),
                JobClass.Standard => LogUniform(300, 3600, within),
                _ => 60 + within * Math.Max(0, span - arrival - 60),
            };
            int tenant = Array.BinarySearch(tenants, random.NextDouble());
            jobs[i] = new SimJob
            {
                Index = i,
                Arrival = arrival,
                Deadline = deadline,
                Class = @class,
                Tenant = $"t{(tenant < 0 ? ~tenant : tenant)}",
                Prompt = request.PromptTokens,
                Output = request.NewTokens,
                Max = max,
                Blocks = request.Blocks,
                Chain = [.. request.Blocks.Take(MostMarks).Select(block => (long)block + 1)],
            };
        }
        return jobs;
    }

    /// <summary>
    /// Lays a trace over itself: each copy has prefixes of its own, and its requests come up to a minute later than recorded (seeded), so that a trace of few users
    /// becomes one of many without a change of its hour.
    /// </summary>
    public static List<TraceRequest> Lay(IReadOnlyList<TraceRequest> trace, int copies, int seed)
    {
        const double mostShift = 60;
        Random random = new(seed);
        int ids = trace.Max(request => request.Blocks.Length == 0 ? 0 : request.Blocks.Max()) + 1;
        List<TraceRequest> laid = [.. trace];
        for (int copy = 1; copy < copies; copy++)
        {
            int from = ids * copy;
            foreach (TraceRequest request in trace)
            {
                laid.Add(request with { Seconds = request.Seconds + random.NextDouble() * mostShift, Blocks = [.. request.Blocks.Select(id => id + from)] });
            }
        }
        laid.Sort((a, b) => a.Seconds.CompareTo(b.Seconds));
        return laid;
    }

    private static double LogUniform(double from, double to, double at) => from * Math.Pow(to / from, at);

    /// <summary>Cumulated shares of the first, second, … by Zipf's law.</summary>
    private static double[] Zipf(int count)
    {
        double[] cumulated = new double[count];
        double sum = 0;
        for (int i = 0; i < count; i++) cumulated[i] = sum += 1.0 / (i + 1);
        for (int i = 0; i < count; i++) cumulated[i] /= sum;
        cumulated[^1] = 1;
        return cumulated;
    }
}
