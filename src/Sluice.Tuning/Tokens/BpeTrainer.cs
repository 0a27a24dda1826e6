using System.Text;
using System.Text.RegularExpressions;
using Sluice.Engine.Tokens;

namespace Sluice.Tuning.Tokens;

/// <summary>Learns a byte-level BPE vocabulary (Sennrich et al. 2016): again and again the most frequent neighbouring pair becomes a token; ties go to the pair that sorts first.</summary>
internal static partial class BpeTrainer
{
    /// <returns>The merges in the order learned, in the byte-level alphabet; at most <paramref name="count"/>, fewer when no pair occurs twice.</returns>
    public static IReadOnlyList<(string Left, string Right)> Train(IEnumerable<string> texts, int count)
    {
        Dictionary<string, int> words = [];
        foreach (string text in texts)
        {
            foreach (Match match in Words().Matches(text))
            {
                string word = string.Concat(Encoding.UTF8.GetBytes(match.Value).Select(ByteLevelAlphabet.CharOf));
                words[word] = words.GetValueOrDefault(word) + 1;
            }
        }
        List<(List<string> Parts, int Count)> splits = [.. words.OrderBy(w => w.Key, StringComparer.Ordinal).Select(w => (w.Key.Select(c => c.ToString()).ToList(), w.Value))];
        List<(string, string)> merges = [];
        while (merges.Count < count)
        {
            Dictionary<(string, string), int> pairs = [];
            foreach ((List<string> parts, int occurrences) in splits)
            {
                for (int i = 0; i + 1 < parts.Count; i++)
                {
                    pairs[(parts[i], parts[i + 1])] = pairs.GetValueOrDefault((parts[i], parts[i + 1])) + occurrences;
                }
            }
            ((string Left, string Right) best, int most) = pairs.Select(p => (p.Key, p.Value))
                .OrderByDescending(p => p.Value).ThenBy(p => p.Key.Item1, StringComparer.Ordinal).ThenBy(p => p.Key.Item2, StringComparer.Ordinal).FirstOrDefault();
            if (most < 2)
            {
                break;
            }
            merges.Add(best);
            foreach ((List<string> parts, _) in splits)
            {
                for (int i = 0; i + 1 < parts.Count; i++)
                {
                    if (parts[i] == best.Left && parts[i + 1] == best.Right)
                    {
                        parts[i] += best.Right;
                        parts.RemoveAt(i + 1);
                    }
                }
            }
        }
        return merges;
    }

    /// <summary>What the shipped pre-tokenizer cuts: single digits, then GPT-2's words. Digits never join a word, so numbers are copied figure by figure.</summary>
    [GeneratedRegex(@"\d|'(?:[sdmt]|ll|ve|re)| ?\p{L}+| ?[^\s\p{L}\d]+|\s+(?!\S)|\s+")]
    private static partial Regex Words();
}
