using System.Text;
using System.Text.RegularExpressions;
using Sluice.Tuning.Training;

namespace Sluice.Tuning.Tickets;

/// <summary>
/// Says a pattern in one of its many ways: <c>[a|b|]</c> is one of its alternatives, <c>&lt;name&gt;</c> one of the ways of a macro; both may hold others.
/// A text without brackets is itself, and draws no random number.
/// </summary>
internal sealed partial class Variations(IReadOnlyDictionary<string, IReadOnlyList<string>> macros)
{
    private const int MostRounds = 20;

    /// <exception cref="FormatException">Alternatives that do not close, or macros that never end.</exception>
    public string Say(string pattern, SeededRandom random)
    {
        if (pattern.AsSpan().IndexOfAny('[', '<') < 0) return pattern;
        string text = pattern;
        for (int round = 0; text.AsSpan().IndexOfAny('[', '<') >= 0; round++)
        {
            if (round == MostRounds) throw new FormatException($"The pattern '{pattern}' comes to no end.");
            text = Macro().Replace(text, macro => random.Pick(macros[macro.Groups[1].Value]));
            text = Innermost().Replace(text, choice => random.Pick(choice.Groups[1].Value.Split('|')));
        }
        return Tidy(text);
    }

    /// <summary>One space between words, none before a mark or an apostrophe; begins with a capital.</summary>
    private static string Tidy(string text)
    {
        StringBuilder tidy = new(text.Length);
        foreach (char letter in text)
        {
            bool space = letter == ' ';
            if (space && (tidy.Length == 0 || tidy[^1] == ' ')) continue;
            if (letter is '.' or ',' or '!' or '?' or '\'' && tidy.Length > 0 && tidy[^1] == ' ') tidy.Length--;
            tidy.Append(tidy.Length == 0 ? char.ToUpperInvariant(letter) : letter);
        }
        return tidy.ToString().TrimEnd();
    }

    [GeneratedRegex(@"<(\w+)>")]
    private static partial Regex Macro();

    [GeneratedRegex(@"\[([^\[\]]*)\]")]
    private static partial Regex Innermost();
}
