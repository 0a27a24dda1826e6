using System.Diagnostics;
using System.Globalization;
using System.Text.Json.Nodes;
using Sluice.Engine.Tokens;
using Xunit;

namespace Sluice.Engine.Tests.Tokens;

/// <summary>A million characters in the worst shapes, in time that grows like n log n.</summary>
public sealed class PathologicalTextTests
{
    private const int Size = 1_000_000;

    // Four times the text: a quadratic path takes sixteen times as long, and one of n log n, with less of it in the processor's caches, five to seven times.
    private const int Few = 50_000, Many = 4 * Few, Tries = 10;
    private const double MostGrowth = 10;

    private static readonly TimeSpan s_floor = TimeSpan.FromMilliseconds(5);

    // A quadratic path takes minutes; the limit leaves room for a busy machine.
    private static readonly TimeSpan s_limit = TimeSpan.FromSeconds(20);

    public static TheoryData<string, string> Shapes => new()
    {
        { "carets", new string('^', Size) },
        { "spaces", new string(' ', Size) },
        { "letters", new string('a', Size) },
        { "mergeable", string.Concat(Enumerable.Repeat("hello", Size / 5)) },
        { "digits", new string('3', Size) },
        { "lines", string.Concat(Enumerable.Repeat(" \n\r", Size / 3)) },
        { "marks", string.Concat(Enumerable.Repeat("Aa\u0301", Size / 3)) },
        { "borders", string.Concat(Enumerable.Repeat("日A", Size / 2)) },
        { "apostrophes", new string('\'', Size) },
        { "half tokens", string.Concat(Enumerable.Repeat("<|end|", Size / 6)) },
        { "beyond the basic plane", string.Concat(Enumerable.Repeat("🦙", Size / 2)) },
    };

    [Theory]
    [MemberData(nameof(Shapes), DisableDiscoveryEnumeration = true)]
    public void A_million_characters_are_encoded_in_time(string shape, string text)
    {
        foreach (JsonObject file in (JsonObject[])[TokenizerFile.ByteLevel(), Llama3(), TokenizerFile.SentencePiece()])
            InTime(TokenizerFile.Load(file), shape, text);
    }

    [Theory]
    [MemberData(nameof(Shapes), DisableDiscoveryEnumeration = true)]
    public void Four_times_the_text_takes_no_sixteen_times_as_long(string shape, string text)
    {
        foreach ((string name, JsonObject file) in ((string, JsonObject)[])[("byte level", TokenizerFile.ByteLevel()), ("byte level, split", Llama3()), ("SentencePiece", TokenizerFile.SentencePiece())])
            Grows(TokenizerFile.Load(file), $"{shape}, {name}", text);
    }

    [Theory]
    [InlineData("NFC")]
    [InlineData("NFD")]
    [InlineData("BertNormalizer")]
    public void Four_times_the_marks_take_no_sixteen_times_as_long(string normalizer)
    {
        JsonObject file = TokenizerFile.ByteLevel();
        file["normalizer"] = new JsonObject { ["type"] = normalizer };
        Grows(TokenizerFile.Load(file), $"marks, {normalizer}", string.Concat(Enumerable.Repeat("\u0301\u0316", Many / 2)));
    }

    [Theory]
    [InlineData("gpt-2")]
    [InlineData("llama-spm")]
    [InlineData("bert")]
    public void A_million_characters_are_encoded_in_time_with_a_full_vocabulary(string name)
    {
        Tokenizer tokenizer = Tokenizer.Load(SharedFiles.FindOrSkip($"tokenizers/{name}/tokenizer.json"));
        foreach (string text in (string[])[new string('^', Size), new string(' ', Size), new string('a', Size)])
            InTime(tokenizer, name, text, decodes: name != "bert");
    }

    [Theory]
    [InlineData("NFC")]
    [InlineData("NFD")]
    [InlineData("BertNormalizer")]
    public void Marks_in_the_wrong_order_are_normalized_in_time(string normalizer)
    {
        JsonObject file = TokenizerFile.ByteLevel();
        file["normalizer"] = new JsonObject { ["type"] = normalizer };
        InTime(TokenizerFile.Load(file), normalizer, "a" + string.Concat(Enumerable.Repeat("\u0301\u0316", Size / 2)), decodes: false);
    }

    [Fact]
    public void A_long_word_that_falls_into_many_pieces_is_encoded_in_time()
    {
        JsonObject file = TokenizerFile.WordPiece();
        file["model"]!["max_input_chars_per_word"] = 10_000;
        file["model"]!["vocab"] = new JsonObject { ["[UNK]"] = 0, ["[CLS]"] = 1, ["[SEP]"] = 2, ["a"] = 3, ["##a"] = 4 };
        InTime(TokenizerFile.Load(file), "pieces", string.Join(' ', Enumerable.Repeat(new string('a', 10_000), 20)), decodes: false);
    }

    private static void InTime(Tokenizer tokenizer, string shape, string text, bool decodes = true)
    {
        long start = Stopwatch.GetTimestamp();
        int[] ids = tokenizer.EncodeTemplate(text);
        TimeSpan taken = Stopwatch.GetElapsedTime(start);
        Assert.True(taken < s_limit, $"{shape}: {taken}");
        if (decodes)
            Assert.True(tokenizer.Decode(ids) == text, shape);
    }

    /// <summary>The best of some tries of each counts, and more are made while they do not do: a machine that is busy is not busy all the time, a quadratic path is.</summary>
    private static void Grows(Tokenizer tokenizer, string what, string text)
    {
        string few = text[..Few], many = text[..Math.Min(Many, text.Length)];
        TimeSpan small = Once(tokenizer, few), large = Once(tokenizer, many);
        for (int attempt = 1; attempt < Tries && (attempt < 3 || large > small * MostGrowth + s_floor); attempt++)
        {
            TimeSpan again = Once(tokenizer, few), manyAgain = Once(tokenizer, many);
            small = again < small ? again : small;
            large = manyAgain < large ? manyAgain : large;
        }

        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{what}: {few.Length} characters in {small.TotalMilliseconds:0.0} ms, {many.Length} in {large.TotalMilliseconds:0.0} ms, {large / small:0.0} times"));
        Assert.True(large <= small * MostGrowth + s_floor, $"{what}: {few.Length} characters took {small}, {many.Length} took {large}");
    }

    private static TimeSpan Once(Tokenizer tokenizer, string text)
    {
        long start = Stopwatch.GetTimestamp();
        tokenizer.EncodeTemplate(text);
        return Stopwatch.GetElapsedTime(start);
    }

    private static JsonObject Llama3()
    {
        JsonObject file = TokenizerFile.ByteLevel();
        file["pre_tokenizer"] = TokenizerFile.Sequence(
            "pretokenizers",
            TokenizerFile.Split(@"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"),
            new JsonObject { ["type"] = "ByteLevel", ["add_prefix_space"] = false, ["use_regex"] = false });
        file["model"]!["ignore_merges"] = true;
        return file;
    }
}
