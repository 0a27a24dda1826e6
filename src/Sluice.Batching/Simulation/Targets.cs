using Sluice.Jobs;

namespace Sluice.Batching.Simulation;

/// <summary>How the former stands against what is asked of it, at one load.</summary>
/// <param name="Load">Of capacity.</param>
/// <param name="OfHindsight">Tokens on time, of those of the schedule made with hindsight.</param>
/// <param name="OfBest">Tokens on time, of those of the best baseline.</param>
/// <param name="BestOfAll">Tokens on time of the best baseline, of all tokens: one over this is the most that <paramref name="OfBest"/> could be.</param>
/// <param name="PrefixSaved">Prompt tokens found computed, of those that a cache without end could save.</param>
/// <param name="PrefixSavedFinite">The same, of what no schedule could exceed with these KV pages; see <see cref="PrefixBound"/>.</param>
/// <param name="InteractiveP99OfAlone">The p99 wait of interactive jobs, of what it is without the others.</param>
/// <param name="RestShare">Tokens of the other classes, of the capacity that interactive jobs leave; only above load 1 is there always something to do.</param>
/// <param name="WaitOfLimit">The longest wait, of the larger of 3 times its class's p99 and a tenth of its class's longest deadline; the worst class.</param>
internal sealed record Targets(
    double Load, double OfHindsight, double OfBest, double BestOfAll, double PrefixSaved, double PrefixSavedFinite, double InteractiveP99OfAlone, double RestShare, double WaitOfLimit)
{
    public static Targets Of(LoadReport report, SimRunRecord run, double capacity, SimLimits limits)
    {
        PolicyReport own = report.Policies["sluice"];
        double best = report.Policies.Where(pair => pair.Key != "sluice").Max(pair => pair.Value.OnTimeTok);
        double interactive = Ended(run, job => job.Class == JobClass.Interactive), rest = Ended(run, job => job.Class != JobClass.Interactive);
        return new(
            report.Load,
            Share(own.OnTimeTok, report.ClairvoyantOnTimeTok),
            Share(own.OnTimeTok, best),
            best / run.Jobs.Sum(job => (double)job.Tokens),
            own.PrefixSavedShare,
            report.RadixBoundTok == 0 ? 0 : run.Engine.SavedTokens / (double)Math.Max(1, PrefixBound.Finite(run.Jobs, limits)),
            own.Classes["interactive"].P99WaitS / Math.Max(1e-9, AloneP99(run.Jobs, limits)),
            rest / Math.Max(1, capacity * run.EndedAt - interactive),
            Enum.GetValues<JobClass>().Max(c => Longest(own.Classes[c.ToString().ToLowerInvariant()], run.Jobs.Where(job => job.Class == c))));
    }

    /// <summary>Of each figure the worst over seeds.</summary>
    public static Targets Worst(IReadOnlyList<Targets> seeds) => new(
        seeds[0].Load, seeds.Min(s => s.OfHindsight), seeds.Min(s => s.OfBest), seeds.Max(s => s.BestOfAll), seeds.Min(s => s.PrefixSaved), seeds.Min(s => s.PrefixSavedFinite),
        seeds.Max(s => s.InteractiveP99OfAlone), seeds.Min(s => s.RestShare), seeds.Max(s => s.WaitOfLimit));

    /// <summary>1 of nothing: where nobody is on time, nobody is behind.</summary>
    private static double Share(double part, double whole) => whole == 0 ? 1 : part / whole;

    private static double Longest(ClassReport waits, IEnumerable<SimJob> jobs) =>
        waits.WorstWaitS / Math.Max(1e-9, Math.Max(3 * waits.P99WaitS, 0.1 * jobs.Select(job => job.Deadline - job.Arrival).DefaultIfEmpty(0).Max()));

    private static double Ended(SimRunRecord run, Func<SimJob, bool> which) =>
        run.Jobs.Where(job => which(job) && !run.Records[job.Index].Dropped).Sum(job => (double)job.Tokens);

    private static double AloneP99(SimJob[] jobs, SimLimits limits)
    {
        int index = 0;
        SimJob[] alone = [.. jobs.Where(job => job.Class == JobClass.Interactive).Select(job => job.At(index++))];
        return Measured.Of(Simulator.Run(alone, limits, new FormerPolicy()), 0).Classes["interactive"].P99WaitS;
    }
}
