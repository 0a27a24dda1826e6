using System.Globalization;
using System.Text.RegularExpressions;
using Sluice.Engine.Tokens;
using Xunit;

namespace Sluice.Engine.Tests.Tokens;

/// <summary>Each scanner finds what its regular expression finds. Only here does an engine run the expressions.</summary>
public sealed class KnownPatternTests
{
    private const string Cl100k = @"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";
    private const string Qwen2 = @"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";
    private const string QwenMarks = @"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?[\p{L}\p{M}]+|\p{N}| ?[^\s\p{L}\p{M}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";
    private const string O200k = @"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+";
    private const string Tekken = @"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+";

    [Theory]
    [InlineData(TokenizerFile.Gpt2Regex)]
    [InlineData(@"'(?:[sdmt]|ll|ve|re)| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+")]
    [InlineData(Cl100k)]
    [InlineData(@"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+")]
    [InlineData(Qwen2)]
    [InlineData(QwenMarks)]
    [InlineData(O200k)]
    [InlineData(Tekken)]
    [InlineData(@"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}+| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+")]
    [InlineData("[!\"#$%&'()*+,\\-./:;<=>?@\\[\\\\\\]^_`{|}~][A-Za-z]+|[^\r\n\\p{L}\\p{P}\\p{S}]?[\\p{L}\\p{M}]+| ?[\\p{P}\\p{S}]+[\r\n]*|\\s*[\r\n]+|\\s+(?!\\S)|\\s+")]
    [InlineData("[一-龥\u3040-ゟ゠-ヿ]+")]
    [InlineData(" ")]
    [InlineData(@"\p{N}")]
    [InlineData(@"\p{N}+")]
    [InlineData(@"\p{N}{1,3}")]
    [InlineData("[0-9]")]
    [InlineData("[0-9]+")]
    [InlineData(@"\s+")]
    public void A_scanner_matches_where_its_expression_matches(string regex)
    {
        Assert.True(KnownPatterns.TryFind(regex, out TextPattern? scanner), regex);
        Regex expression = new(regex, RegexOptions.CultureInvariant);
        Random random = new(20_260);
        for (int round = 0; round < 20_000; round++)
        {
            // The case table of the engine does not fold the long s; ours does, as the engine of the reference implementation.
            string text = RandomText.Classes(random, 24).Replace('ſ', 'x');
            string expected = string.Join('|', expression.Matches(text).Select(match => Shown(match.Index, match.Index + match.Length)));
            Assert.True(expected == Found(scanner!, text), $"{Escaped(text)}: {expected}, and not {Found(scanner!, text)}");
        }
    }

    [Fact]
    public void A_possessive_pattern_matches_as_its_plain_twin()
    {
        const string Possessive = @"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]++[\r\n]*|\s*[\r\n]|\s+(?!\S)|\s+";
        Assert.True(KnownPatterns.TryFind(Possessive, out TextPattern? scanner));
        Regex plain = new(@"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]|\s+(?!\S)|\s+");
        Random random = new(8);
        for (int round = 0; round < 5_000; round++)
        {
            string text = RandomText.Classes(random, 24).Replace('ſ', 'x');
            Assert.Equal(string.Join('|', plain.Matches(text).Select(match => Shown(match.Index, match.Index + match.Length))), Found(scanner!, text));
        }
    }

    [Theory]
    [InlineData(TokenizerFile.Gpt2Regex, "Hi 𐐀𐐁 𝟙𝟚🦙🦙 x", "0-2|2-7|7-12|12-16|16-18")]
    [InlineData(Cl100k, "𐐀x🦙𐐁 𝟙𝟚𝟛𝟜", "0-3|3-7|7-8|8-14|14-16")]
    [InlineData(Cl100k, "it'ſ", "0-2|2-4")]
    [InlineData(O200k, "𐐀𐐨𐐀 🦙", "0-4|4-6|6-9")]
    [InlineData(@"\p{N}", "x𝟙𝟚", "1-3|3-5")]
    public void A_character_beyond_the_basic_plane_is_one_character(string regex, string text, string expected)
    {
        Assert.True(KnownPatterns.TryFind(regex, out TextPattern? scanner));
        Assert.Equal(expected, Found(scanner!, text));
    }

    private static string Found(TextPattern scanner, string text)
    {
        List<string> found = [];
        for (int from = 0; scanner.Find(text, from, out int start, out int end); from = end)
            found.Add(Shown(start, end));
        return string.Join('|', found);
    }

    private static string Shown(int start, int end) => string.Create(CultureInfo.InvariantCulture, $"{start}-{end}");

    private static string Escaped(string text) => string.Concat(text.Select(c => c is > ' ' and < '\u007F' ? c.ToString() : $"\\u{(int)c:X4}"));
}
