using System.Text.Json.Nodes;
using Sluice.Engine.Tokens;
using Xunit;

namespace Sluice.Engine.Tests.Tokens;

/// <summary>Normalizers, pre-tokenizers and decoders as files name them.</summary>
public sealed class TokenizerPartTests
{
    [Theory]
    [InlineData("Isolated", false, "ab|1|2|c")]
    [InlineData("Removed", false, "ab|c")]
    [InlineData("Removed", true, "1|2")]
    [InlineData("MergedWithPrevious", false, "ab1|2|c")]
    [InlineData("MergedWithNext", false, "ab|1|2c")]
    [InlineData("Contiguous", false, "ab|12|c")]
    public void A_split_does_with_its_matches_what_it_says(string behavior, bool invert, string expected)
    {
        Assert.Equal(expected, Words(TokenizerFile.Split(@"\p{N}", behavior, invert), "ab12c"));
    }

    [Theory]
    [InlineData(true, "a|1|2|b")]
    [InlineData(false, "a|12|b")]
    public void Digits_stand_apart(bool individual, string expected)
    {
        Assert.Equal(expected, Words(new JsonObject { ["type"] = "Digits", ["individual_digits"] = individual }, "a12b"));
    }

    [Theory]
    [InlineData("BertPreTokenizer", "don|'|t|a|+|b|«")]
    [InlineData("Whitespace", "don|'|t|a|+|b|«")]
    [InlineData("WhitespaceSplit", "don't|a+b|«")]
    [InlineData("Punctuation", "don|'|t a|+|b |«")]
    public void Words_end_where_the_pre_tokenizer_says(string type, string expected)
    {
        Assert.Equal(expected, Words(new JsonObject { ["type"] = type }, "don't a+b «"));
    }

    [Theory]
    [InlineData("always", true, "▁a|▁b|▁|▁c")]
    [InlineData("first", true, "▁a|▁b|▁|▁c")]
    [InlineData("never", true, "a|▁b|▁|▁c")]
    [InlineData("always", false, "▁a▁b▁▁c")]
    public void Metaspace_marks_spaces(string scheme, bool split, string expected)
    {
        Assert.Equal(expected, Words(new JsonObject { ["type"] = "Metaspace", ["prepend_scheme"] = scheme, ["split"] = split }, "a b  c"));
    }

    [Fact]
    public void Metaspace_puts_no_space_before_what_is_not_first()
    {
        PreTokenizerReader reader = Reader(new JsonObject { ["type"] = "Metaspace", ["prepend_scheme"] = "first" });
        Assert.Equal("a", Words(reader.Build(), "a", PieceStart.AfterToken));
        Assert.Equal("▁a", Words(reader.Build(), "a", PieceStart.Text));
        PreTokenizerReader always = Reader(new JsonObject { ["type"] = "Metaspace", ["prepend_scheme"] = "always" });
        Assert.Equal("▁a", Words(always.Build(), "a", PieceStart.AfterToken));
        Assert.Equal("a", Words(always.Build(), "a", PieceStart.Continuation));
    }

    [Theory]
    [InlineData("NFC", "e\u0301", "é")]
    [InlineData("NFD", "é", "e\u0301")]
    [InlineData("NFKC", "ﬁ", "fi")]
    [InlineData("Lowercase", "ÀİΣ", "ài\u0307σ")]
    [InlineData("StripAccents", "e\u0301a", "ea")]
    [InlineData("StripAccents", "\u0915\u093E\u20DD", "\u0915")] // marks that take room of their own, and that enclose
    [InlineData("Strip", "\t a b \n", "a b")]
    [InlineData("NFC", "a\uFFFEe\u0301\uFFFE", "a\uFFFEé\uFFFE")]
    [InlineData("BertNormalizer", "\u0915\u093E", "\u0915\u093E")]
    [InlineData("BertNormalizer", "É\u0000\t日x\uFFFD\u200D", "e  日 x")]
    public void Text_is_normalized_as_the_file_says(string type, string text, string expected)
    {
        Assert.Equal(expected, NormalizerReader.Read(Field(new JsonObject { ["type"] = type })).Apply(text, PieceStart.Text));
    }

    [Fact]
    public void An_added_token_may_be_found_in_normalized_text()
    {
        JsonObject file = TokenizerFile.ByteLevel();
        file["normalizer"] = new JsonObject { ["type"] = "Lowercase" };
        file["added_tokens"]!.AsArray().Add(TokenizerFile.Added(268, "<X>", special: false, normalized: true));
        Assert.Equal<int[]>([259, 268], TokenizerFile.Load(file).EncodeTemplate("HELLO<x>"));
    }

    [Theory]
    [InlineData(true, "hello world.")]
    [InlineData(false, "hello world .")]
    public void Word_pieces_are_decoded_to_words(bool cleanUp, string expected)
    {
        JsonObject file = new()
        {
            ["pre_tokenizer"] = new JsonObject { ["type"] = "BertPreTokenizer" },
            ["decoder"] = new JsonObject { ["type"] = "WordPiece", ["prefix"] = "##", ["cleanup"] = cleanUp },
            ["model"] = new JsonObject
            {
                ["type"] = "WordPiece",
                ["unk_token"] = "[UNK]",
                ["vocab"] = new JsonObject { ["[UNK]"] = 0, ["hel"] = 1, ["##lo"] = 2, ["world"] = 3, ["."] = 4, ["##x"] = 5 },
            },
        };
        Tokenizer tokenizer = TokenizerFile.Load(file);
        Assert.Equal<int[]>([1, 2, 3, 4], tokenizer.Encode("hello world."));
        Assert.Equal<int[]>([0, 3, 5], tokenizer.Encode("helly worldx"));
        Assert.Equal(expected, tokenizer.Decode([1, 2, 3, 4]));
    }

    private static string Words(JsonObject preTokenizer, string text) => Words(Reader(preTokenizer).Build(), text, PieceStart.Text);

    private static string Words(PreTokenizer preTokenizer, string text, PieceStart start)
    {
        List<TextPiece> pieces = [];
        preTokenizer.Split(text, start, pieces);
        return string.Join('|', pieces.Select(piece => piece.Span.ToString()));
    }

    private static PreTokenizerReader Reader(JsonObject preTokenizer)
    {
        PreTokenizerReader reader = new();
        reader.Read(Field(preTokenizer));
        return reader;
    }

    private static JsonField Field(JsonObject value) =>
        new("test.json", "", System.Text.Json.JsonDocument.Parse(value.ToJsonString()).RootElement);
}
