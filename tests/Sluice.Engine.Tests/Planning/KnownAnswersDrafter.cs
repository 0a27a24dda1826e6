using Sluice.Engine.Sampling;
using Sluice.Engine.Speculation;

namespace Sluice.Engine.Tests.Planning;

/// <summary>Knows what each prompt comes to and guesses it, but for a share of guesses that it spoils on purpose.</summary>
internal sealed class KnownAnswersDrafter(double rightShare) : IDrafter
{
    private readonly Dictionary<string, int[]> _answers = [];

    public int Settled { get; private set; }

    public int Released { get; private set; }

    public int Holding { get; private set; }

    public void Add(int[] prompt, int[] answer) => _answers[string.Join(',', prompt)] = answer;

    public int Behind(Draft draft) => 0;

    public int Guess(ReadOnlySpan<Draft> drafts)
    {
        foreach (Draft draft in drafts)
        {
            draft.Count = 0;
            if (draft.Wanted == 0)
                continue;
            Holding += draft.State is null ? 1 : 0;
            int[] answer = (int[])(draft.State ??= _answers[string.Join(',', draft.Tokens[..draft.PromptLength])]);
            for (int i = 0; i < draft.Wanted && draft.Length - draft.PromptLength + i < answer.Length; i++)
            {
                int id = answer[draft.Length - draft.PromptLength + i];
                bool right = CounterRandom.Uniform(draft.Seed + 5, draft.Length + i) < rightShare;
                draft.Tokens[draft.Length + i] = right ? id : (id + 1) % PlannerRig.Vocabulary;
                draft.Count++;
            }
        }

        return 0;
    }

    public void Settle(Draft draft, int accepted) => Settled++;

    public void Release(Draft draft)
    {
        Holding -= draft.State is null ? 0 : 1;
        draft.State = null;
        Released++;
    }

    public void Dispose()
    {
    }
}
