using Sluice.Batching.Costs;

namespace Sluice.Batching.Simulation;

/// <summary>
/// A baseline: hands jobs over in a fixed order while they fit, and waits with the first that does not. A job whose deadline has passed in the queue is
/// dropped, as any queue's time-out does; the two orders that know costs also drop what would be late.
/// </summary>
internal sealed class OrderedPolicy(SimOrder order, SimLimits limits) : ISimPolicy
{
    private const int MostScanned = 4096;
    private readonly PriorityQueue<SimJob, (double, double, int)> _queue = new();
    private readonly List<SimJob> _prefixed = []; // longest prefix first needs all of them
    private readonly OutputLengths _lengths = new();
    private double _stepTime = limits.Costs.Step; // an average of late

    public int Waiting => _queue.Count + _prefixed.Count;

    public double LookAgainAt => double.PositiveInfinity;

    public void Arrive(SimJob job, double now)
    {
        if (order == SimOrder.LongestPrefix)
        {
            _prefixed.Add(job);
            return;
        }
        _queue.Enqueue(job, order switch
        {
            SimOrder.PriorityPrefix => ((int)job.Class, job.Blocks.Length > 1 ? job.Blocks[1] : 0, job.Index),
            SimOrder.Edf or SimOrder.EdfCost => (job.Deadline, 0, job.Index),
            SimOrder.LeastLaxity => (job.Deadline - Predicted(job), 0, job.Index),
            _ => (0, 0, job.Index),
        });
    }

    public void Decide(SimEngine engine, double now, List<SimJob> dropped)
    {
        EngineRoom room = engine.Room();
        int sequences = room.FreeSequences, pages = room.FreePages, tokens = room.FreeStepTokens;
        while (Waiting > 0 && sequences > 0 && pages > 0 && tokens > 0 && Next(engine) is { } job)
        {
            bool knows = order is SimOrder.EdfCost or SimOrder.LeastLaxity;
            if (now + (knows ? Predicted(job) : 0) > job.Deadline)
            {
                Take(job);
                dropped.Add(job);
                continue;
            }
            int promise = Pages(job, limits, _lengths);
            int step = Math.Min(job.Prompt, room.MaxStepTokens / 2);
            if (engine.Running > 0 && promise > pages) return;
            Take(job);
            engine.Hand(job, order == SimOrder.PriorityPrefix ? (int)job.Class : 1, promise);
            sequences--;
            pages -= promise;
            tokens -= step;
        }
    }

    public void Stepped(SimEngine engine) => _stepTime += 0.01 * (engine.Last.Seconds - _stepTime);

    public void Ended(SimRun run, double now) => _lengths.Observe(run.Job.Output);

    /// <summary>Pages of the prompt and of what nine of ten answers fit in.</summary>
    public static int Pages(SimJob job, SimLimits limits, OutputLengths lengths) =>
        Math.Min(limits.Pages, (job.Prompt + lengths.Quantile(0.9, job.Max) + SimLimits.PageTokens - 1) / SimLimits.PageTokens);

    private double Predicted(SimJob job) =>
        (double)job.Prompt / limits.StepTokens * limits.Costs.Of(limits.StepTokens, 0, 0) + _lengths.Quantile(0.5, job.Max) * _stepTime;

    private SimJob? Next(SimEngine engine)
    {
        if (order != SimOrder.LongestPrefix) return _queue.Peek();
        SimJob? best = null;
        int most = -1;
        for (int i = 0; i < _prefixed.Count && i < MostScanned; i++)
        {
            SimJob job = _prefixed[i];
            int matched = job.Blocks.Length <= most ? -1 : engine.Cache.Match(job.Blocks, promised: true);
            if (matched > most) (best, most) = (job, matched);
        }
        return best;
    }

    private void Take(SimJob job)
    {
        if (order == SimOrder.LongestPrefix) _prefixed.Remove(job);
        else _queue.Dequeue();
    }
}
