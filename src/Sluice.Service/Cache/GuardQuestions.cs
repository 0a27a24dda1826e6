using System.Collections.Frozen;

namespace Sluice.Service.Cache;

/// <summary>Tells questions that their words give away from statements that only a question mark makes one: <c>it came yesterday?</c> is not <c>it came yesterday</c>.</summary>
internal static class GuardQuestions
{
    private static readonly FrozenSet<string> s_please = GuardWords.Set("please kindly pls plz");
    private static readonly FrozenSet<string> s_before = GuardWords.Set("please kindly pls plz and but so or");

    /// <summary>The sentence asks, or asks for something, with or without its mark.</summary>
    public static bool IsPlain(ReadOnlySpan<List<GuardToken>> sentence)
    {
        foreach (List<GuardToken> clause in sentence)
        {
            if (Begins(clause) || clause.Exists(token => token.Kind == GuardKind.Word && s_please.Contains(token.Text)))
            {
                return true;
            }
        }
        return false;
    }

    /// <summary>Begins as a question or a request does. <c>What I ordered</c> and <c>when it came</c> are parts of a statement.</summary>
    private static bool Begins(List<GuardToken> clause)
    {
        int at = clause.FindIndex(token => token.Kind != GuardKind.Word || !s_before.Contains(token.Text));
        string first = Word(clause, at), second = Word(clause, at + 1);
        return (GuardWords.Helping.Contains(first) && !Orders(first, at + 1 < clause.Count ? clause[at + 1] : null))
            || (GuardWords.Questions.Contains(first) && (first == "when" ? GuardWords.Helping.Contains(second) : !GuardWords.Subjects.Contains(second)))
            || (GuardWords.Requests.Contains(first) && second == "me")
            || clause.Take(3).Any(token => token.Is("wonder") || token.Is("wondering"));
    }

    /// <summary><c>Do not</c> and <c>have it</c> begin orders, and <c>May 5</c> a statement. (<c>Has it</c> is kept as <c>have it</c>, so it counts as none either.)</summary>
    private static bool Orders(string first, GuardToken? second) => first switch
    {
        "do" => second?.Is("not") == true,
        "have" => second is { Kind: GuardKind.Word, Text: "it" or "him" or "her" or "them" },
        "may" => second?.Kind == GuardKind.Literal,
        _ => false,
    };

    private static string Word(List<GuardToken> clause, int at) => at >= 0 && at < clause.Count && clause[at].Kind != GuardKind.Literal ? clause[at].Text : "";
}
