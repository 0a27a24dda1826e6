using System.Buffers;

namespace Sluice.Engine.Tokens;

/// <summary>
/// The regular expressions that tokenizer files carry, by their exact text, and the scanner that stands for each.
/// A regular expression out of a file is never run.
/// </summary>
internal static class KnownPatterns
{
    private const string Endings = "(?i:'s|'t|'re|'ve|'m|'ll|'d)";
    private const string Spaces = @"\s*[\r\n]+|\s+(?!\S)|\s+";
    private const string UpperWord = @"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+";
    private const string LowerWord = @"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*";
    private const string Symbols = @" ?[^\s\p{L}\p{N}]+[\r\n]*";
    private const string SymbolsAndSlash = @" ?[^\s\p{L}\p{N}]+[\r\n/]*";
    private const string Cl100kTail = @"|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}|" + Symbols + "|" + Spaces;
    private const string QwenTail = @"|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}|" + Symbols + "|" + Spaces;

    private static readonly Dictionary<string, TextPattern> s_patterns = Build();

    public static bool TryFind(string regex, out TextPattern? pattern) => s_patterns.TryGetValue(regex, out pattern);

    private static Dictionary<string, TextPattern> Build()
    {
        Gpt2Pattern gpt2 = new();
        Cl100kPattern cl100k = new(digits: 3, CharClass.Letter);
        Cl100kPattern qwen = new(digits: 1, CharClass.Letter);
        SearchValues<char> digits = SearchValues.Create("0123456789");
        return new Dictionary<string, TextPattern>(StringComparer.Ordinal)
        {
            [Gpt2Pattern.Regex] = gpt2,
            [@"'(?:[sdmt]|ll|ve|re)| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"] = gpt2,
            [Endings + Cl100kTail] = cl100k,
            ["'(?i:[sdmt]|ll|ve|re)" + Cl100kTail] = cl100k,
            [@"(?:'[sS]|'[tT]|'[rR][eE]|'[vV][eE]|'[mM]|'[lL][lL]|'[dD])" + QwenTail] = qwen,
            [Endings + QwenTail] = qwen,
            [Endings + @"|[^\r\n\p{L}\p{N}]?[\p{L}\p{M}]+|\p{N}| ?[^\s\p{L}\p{M}\p{N}]+[\r\n]*|" + Spaces] =
                new Cl100kPattern(digits: 1, CharClass.Letter | CharClass.Mark),
            [UpperWord + Endings + "?|" + LowerWord + Endings + @"?|\p{N}{1,3}|" + SymbolsAndSlash + "|" + Spaces] =
                new O200kPattern(digits: 3, contractions: true),
            [UpperWord + "|" + LowerWord + @"|\p{N}|" + SymbolsAndSlash + "|" + Spaces] = new O200kPattern(digits: 1, contractions: false),
            [Endings + @"|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}+|" + Symbols + "|" + Spaces] = new Cl100kPattern(digits: int.MaxValue, CharClass.Letter),
            // Possessive repeats and a single line end: neither changes what matches.
            [@"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]++[\r\n]*|\s*[\r\n]|\s+(?!\S)|\s+"] = qwen,
            [DeepSeekPattern.Regex] = new DeepSeekPattern(),
            ["[\u4E00-\u9FA5\u3040-\u309F\u30A0-\u30FF]+"] = new CharRunPattern(Chinese(), most: int.MaxValue),
            [" "] = new LiteralPattern(" "),
            [@"\p{N}"] = new ClassRunPattern(CharClass.Number, most: 1),
            [@"\p{N}+"] = new ClassRunPattern(CharClass.Number, most: int.MaxValue),
            [@"\p{N}{1,3}"] = new ClassRunPattern(CharClass.Number, most: 3),
            ["[0-9]"] = new CharRunPattern(digits, most: 1),
            ["[0-9]+"] = new CharRunPattern(digits, most: int.MaxValue),
            [@"\s+"] = new ClassRunPattern(CharClass.Space, most: int.MaxValue),
            [@"\w+|[^\w\s]+"] = new WordOrSymbolPattern(),
        };
    }

    /// <summary>U+4E00 to U+9FA5 and the two kana blocks, U+3040 to U+30FF.</summary>
    private static SearchValues<char> Chinese() => SearchValues.Create(
        [.. Enumerable.Range(0x4E00, 0x9FA5 - 0x4E00 + 1).Concat(Enumerable.Range(0x3040, 0x30FF - 0x3040 + 1)).Select(c => (char)c)]);
}
