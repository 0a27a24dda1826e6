namespace Sluice.Batching.Simulation;

/// <summary>Plays a workload against a policy and a simulated engine, in virtual time: a decision before every step, nothing in between.</summary>
internal static class Simulator
{
    public static SimRunRecord Run(SimJob[] jobs, SimLimits limits, ISimPolicy policy)
    {
        SimEngine engine = new(limits);
        SimRecord[] records = new SimRecord[jobs.Length];
        List<SimJob> dropped = [];
        List<SimRun> finished = [];
        double now = 0, busy = 0;
        int arrived = 0;
        while (true)
        {
            for (; arrived < jobs.Length && jobs[arrived].Arrival <= now; arrived++) policy.Arrive(jobs[arrived], now);
            if (policy.Waiting > 0)
            {
                policy.Decide(engine, now, dropped);
                foreach (SimJob job in dropped) records[job.Index] = new(-1, now, true, 0, 0);
                dropped.Clear();
            }
            if (engine.Idle)
            {
                double next = Math.Min(arrived < jobs.Length ? jobs[arrived].Arrival : double.PositiveInfinity, policy.Waiting > 0 ? policy.LookAgainAt : double.PositiveInfinity);
                if (double.IsPositiveInfinity(next))
                {
                    if (policy.Waiting > 0) throw new InvalidOperationException($"{policy.Waiting} jobs wait for nothing.");
                    return new(jobs, records, now, busy, engine);
                }
                now = Math.Max(next, now + 1e-6);
                continue;
            }
            double took = engine.Step(now, finished);
            for (int next = arrived; next < jobs.Length && jobs[next].Arrival <= now + took; next++) took = engine.Delay();
            now += took;
            busy += took;
            policy.Stepped(engine);
            foreach (SimRun run in finished)
            {
                records[run.Job.Index] = new(run.StartedAt, now, false, run.Prefilled, run.Cached);
                policy.Ended(run, now);
            }
            finished.Clear();
        }
    }
}
