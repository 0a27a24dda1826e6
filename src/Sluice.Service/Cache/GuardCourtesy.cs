using System.Collections.Frozen;

namespace Sluice.Service.Cache;

/// <summary>Clauses that only greet, thank or ask for help in general.</summary>
internal static class GuardCourtesy
{
    private const int Longest = 10;

    private static readonly FrozenSet<string> s_keys = GuardWords.Set("hi hello hey dear greetings thanks thank thx regards cheers sincerely appreciate appreciated");

    private static readonly FrozenSet<string> s_words = GuardWords.Set("""
        hi hello hey dear greetings good morning afternoon evening day there all everyone folks guys team support sir madam or customer service
        thanks thank thx you a an the lot so very much many in advance for your yours help time assistance attention reply quick best kind kindest warm
        regards cheers sincerely i we would will be really any is it am are appreciate appreciated please again and my
        """);

    private static readonly FrozenSet<string> s_whole = Lines("""
        please help
        please help me
        can you help
        can you help me
        can you please help
        can you please help me
        could you help me
        could you please help me
        let me know
        please let me know
        just let me know
        to whom it may concern
        good morning
        good afternoon
        good evening
        good day
        looking forward to your reply
        looking forward to your answer
        looking forward to hearing from you
        i look forward to your reply
        i look forward to hearing from you
        hope you are well
        i hope you are well
        i hope you are doing well
        i hope this finds you well
        have a nice day
        have a good day
        have a great day
        yours
        yours sincerely
        quick question
        i have a question
        i have a quick question
        just a quick question
        """);

    /// <summary>Words at the end of a clause that thank.</summary>
    private static readonly string[][] s_endings = [["thank", "you", "very", "much"], ["thank", "you"], ["thanks", "a", "lot"], ["many", "thanks"], ["thanks"]];

    public static bool IsCourtesy(List<GuardToken> clause)
    {
        if (clause.Count is 0 or > Longest)
        {
            return false;
        }
        bool key = false, known = true;
        foreach (GuardToken token in clause)
        {
            // A known word counts even where it has a capital: Dear Support Team.
            known &= token.Kind != GuardKind.Literal && s_words.Contains(token.Text);
            key |= s_keys.Contains(token.Text);
        }
        return (known && key) || s_whole.Contains(string.Join(' ', clause.Select(token => token.Text)));
    }

    /// <summary>How many tokens at the end of the clause thank.</summary>
    public static int Ending(List<GuardToken> clause)
    {
        foreach (string[] ending in s_endings)
        {
            if (clause.Count > ending.Length && clause.TakeLast(ending.Length).Select(token => token.Kind == GuardKind.Word ? token.Text : "").SequenceEqual(ending))
            {
                return ending.Length;
            }
        }
        return 0;
    }

    private static FrozenSet<string> Lines(string text) => text.Split('\n', StringSplitOptions.RemoveEmptyEntries).ToFrozenSet(StringComparer.Ordinal);
}
