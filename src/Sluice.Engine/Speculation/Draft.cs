using Sluice.Engine.Sampling;

namespace Sluice.Engine.Speculation;

/// <summary>What a drafter sees of one sequence and what it guessed: known tokens are Tokens[0, Length), guesses stand behind them.</summary>
/// <param name="request">Of the sequence.</param>
/// <param name="seed">Its seed, its own or drawn.</param>
/// <param name="capacity">Most positions of the sequence.</param>
/// <param name="most">Most guesses in one step.</param>
internal sealed class Draft(EngineRequest request, long seed, int capacity, int most)
{
    public CacheScope Scope => request.Scope;

    public SamplingOptions Sampling => request.Sampling;

    public int PromptLength => request.Prompt.Length;

    /// <summary>Equal for requests that are taken to be alike: of one scope, group and class, greedy or drawn.</summary>
    public int Workload { get; } = WorkloadOf(request);

    public long Seed => seed;

    /// <summary>A guess is the largest logit of whoever guesses.</summary>
    public bool PicksLargest { get; } = Sampler.PicksLargest(request.Sampling);

    /// <summary>(capacity at least)</summary>
    public int[] Tokens { get; set; } = [];

    public int Length { get; set; }

    /// <summary>Most guesses of the next step.</summary>
    public int Wanted { get; set; }

    public int Count { get; set; }

    /// <summary>Guesses that could still become tokens: the step's own token comes after them.</summary>
    public int Room => Math.Min(most, capacity - Length - 1);

    public int TokensLeft => capacity - Length;

    /// <summary>A drafter with chances of its own draws its guesses from them and notes them, for the rejection rule; else a guess is what it holds likeliest, or what the seed draws from them.</summary>
    public bool Drawn { get; } = request.Sampling is { Temperature: > 0, Seed: null };

    /// <summary>(most): what each guess was drawn from, where <see cref="Drawn"/> and the drafter has chances; else empty.</summary>
    public TokenChances[] Chances { get; private set; } = [];

    /// <summary>As the sequence's, but for no more ids than <see cref="TokenChances"/> holds.</summary>
    public SamplingOptions Drawing { get; private set; } = request.Sampling;

    /// <summary>The drafter's own.</summary>
    public object? State { get; set; }

    /// <summary>Accepted and tried guesses of this sequence, older ones counting less.</summary>
    public Acceptance Acceptance { get; set; }

    private static int WorkloadOf(EngineRequest request)
    {
        long kind = (2L * request.Class) + (request.Sampling.Temperature > 0 ? 1 : 0);
        long scope = (long)CounterRandom.Bits((long)request.Scope.High, (long)request.Scope.Low);
        return (int)CounterRandom.Bits((long)CounterRandom.Bits(scope, request.Group ?? 0), kind);
    }

    /// <summary>Makes room for chances; called by drafters that have them.</summary>
    public void NoteChances()
    {
        if (!Drawn || Chances.Length > 0)
            return;
        int topK = Sampling.TopK > 0 ? Math.Min(Sampling.TopK, TokenChances.Most) : TokenChances.Most;
        Drawing = Sampling with { TopK = topK };
        TokenChances[] chances = new TokenChances[most];
        for (int i = 0; i < most; i++)
            chances[i] = new TokenChances();
        Chances = chances;
    }
}
