namespace Sluice.Batching.Simulation;

/// <summary>What a replay of a trace came to.</summary>
internal sealed record BatchingReport(IReadOnlyList<LoadReport> Loads, QuoteReport Quotes);

/// <summary>One seed's replay, with what is asked of it.</summary>
/// <param name="Seed">Of classes, deadlines and tenants.</param>
/// <param name="CapacityTokS">Tokens per second of the saturated engine.</param>
/// <param name="QuotesClose">Share of quotes wrong by at most 15 % or a second.</param>
/// <param name="QuotesFloor">Median error of an oracle; see <see cref="QuoteScore"/>.</param>
internal sealed record SeedReport(
    int Seed, double CapacityTokS, IReadOnlyList<LoadReport> Loads, IReadOnlyList<Targets> Targets, QuoteReport Quotes, double QuotesClose, double QuotesFloor);

/// <summary>Several seeds of one trace, and of each figure the worst.</summary>
/// <param name="Trace">Its file.</param>
/// <param name="Requests">Of one seed.</param>
/// <param name="Copies">How often the trace is laid over itself.</param>
internal sealed record SeedsReport(
    string Trace, int Requests, int Copies, IReadOnlyList<SeedReport> Seeds, IReadOnlyList<Targets> Worst, QuoteReport WorstQuotes);

/// <summary>One load.</summary>
/// <param name="Load">Of capacity.</param>
/// <param name="ClairvoyantOnTimeTok">Tokens (prompt and generated) of jobs ended by their deadline in the best schedule found with hindsight.</param>
/// <param name="RadixBoundTok">Prompt tokens that need not be computed where every prefix is computed once and kept for ever.</param>
/// <param name="Policies">By name.</param>
internal sealed record LoadReport(double Load, double ClairvoyantOnTimeTok, long RadixBoundTok, IReadOnlyDictionary<string, PolicyReport> Policies);

/// <summary>One policy at one load.</summary>
/// <param name="OnTimeTok">Tokens of jobs ended by their deadline.</param>
/// <param name="ThroughputTokS">Tokens of all jobs that ended, in time or late, per second until the last left.</param>
/// <param name="PrefixSavedShare">Prompt tokens found computed, as a share of the radix bound.</param>
/// <param name="Classes">By name.</param>
internal sealed record PolicyReport(double OnTimeTok, double ThroughputTokS, double PrefixSavedShare, IReadOnlyDictionary<string, ClassReport> Classes);

/// <summary>One class of jobs; waits are from arrival to the first step, of jobs that ran.</summary>
internal sealed record ClassReport(double MetShare, double P50WaitS, double P99WaitS, double WorstWaitS);

/// <summary>Quotes given at arrival, at loads up to 1: relative error of the time to the end (median), and how many of the promises to be in time were kept.</summary>
internal sealed record QuoteReport(double MedianError, double PromiseKept);
