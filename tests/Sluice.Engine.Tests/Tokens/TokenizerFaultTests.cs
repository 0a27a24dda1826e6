using System.Text.Json.Nodes;
using Sluice.Engine.Tokens;
using Xunit;

namespace Sluice.Engine.Tests.Tokens;

/// <summary>One broken file for each kind of fault; the complaint names the file, the field and the value.</summary>
public sealed class TokenizerFaultTests
{
    // where (a path in the file), what stands there instead, and what the complaint holds
    public static TheoryData<string, string, string[]> Faults => new()
    {
        { "model", "null", ["model is missing"] },
        { "model", "7", ["model must be an object", "7"] },
        { "model/vocab", "null", ["model.vocab is missing"] },
        { "model/vocab", "[]", ["model.vocab must be an object", "an array"] },
        { "model/vocab/A", "-1", ["model.vocab", "\"A\"", "-1"] },
        { "model/vocab/A", "66", ["model.vocab", "66", "two tokens"] },
        { "model/vocab/A", "2147483647", ["model.vocab", "2147483647", "limit"] },
        { "model/vocab/A", "99999999999", ["model.vocab", "\"A\"", "32-bit integer", "99999999999"] },
        { "model/vocab/A", "1.5", ["model.vocab", "\"A\"", "32-bit integer", "1.5"] },
        { "model/vocab/A", "\"65\"", ["model.vocab", "\"A\"", "32-bit integer", "65"] },
        { "model/merges", "null", ["model.merges is missing"] },
        { "model/merges", "{}", ["model.merges must be an array", "an object"] },
        { "model/merges", "[\"h\"]", ["model.merges[0]", "\"h\""] },
        { "model/merges", "[\"h e l\"]", ["model.merges[0]", "h e l"] },
        { "model/merges", "[\"h \"]", ["model.merges[0]"] },
        { "model/merges", "[7]", ["model.merges[0] must be a string", "7"] },
        { "model/merges", "[[\"h\",\"e\",\"l\"]]", ["model.merges[0]", "two tokens"] },
        { "model/merges", "[[\"h\",7]]", ["model.merges[0][1] must be a string", "7"] },
        { "model/merges", "[\"h e\",\"日 h\"]", ["model.merges", "[1]", "日"] },
        { "model/merges", "[\"x y\"]", ["model.merges", "\"xy\""] },
        { "model/type", "\"Unigram\"", ["model.type", "Unigram"] },
        { "model/type", "7", ["model.type must be a string", "7"] },
        { "model/unk_token", "\"<nothing>\"", ["model.unk_token", "<nothing>"] },
        { "model/dropout", "0.1", ["model.dropout", "0.1"] },
        { "model/end_of_word_suffix", "\"</w>\"", ["model.end_of_word_suffix", "</w>"] },
        { "model/ignore_merges", "\"yes\"", ["model.ignore_merges must be true or false", "yes"] },
        { "added_tokens", "{}", ["added_tokens must be an array"] },
        { "added_tokens/0/id", "-3", ["added_tokens[0].id", "-3"] },
        { "added_tokens/0/id", "4", ["added_tokens", "id 4", "<|end|>"] },
        { "added_tokens/0/id", "2000000000", ["added_tokens", "2000000000"] },
        { "added_tokens/0/id", "null", ["added_tokens[0].id is missing"] },
        { "added_tokens/0/content", "\"\"", ["added_tokens[0].content"] },
        { "added_tokens/0/content", "\"<tool>\"", ["added_tokens", "<tool>", "twice"] },
        { "added_tokens/0/content", "\"A\"", ["added_tokens", "\"A\""] },
        { "added_tokens/0/special", "1", ["added_tokens[0].special must be true or false", "1"] },
        { "normalizer", "{\"type\":\"Precompiled\"}", ["normalizer.type", "Precompiled"] },
        { "normalizer", "{\"type\":\"Replace\",\"pattern\":{\"Regex\":\"(a+)+$\"},\"content\":\"\"}", ["normalizer.pattern", "regular expressions"] },
        { "normalizer", "{\"type\":\"Replace\",\"pattern\":{\"String\":\"\"},\"content\":\"\"}", ["normalizer.pattern.String", "empty"] },
        { "normalizer", "{\"type\":\"Sequence\",\"normalizers\":[{}]}", ["normalizer.normalizers[0].type is missing"] },
        { "pre_tokenizer", "{\"type\":\"Split\",\"pattern\":{\"Regex\":\"(a+)+$\"},\"behavior\":\"Isolated\"}", ["pre_tokenizer.pattern.Regex", "(a+)+$"] },
        { "pre_tokenizer", "{\"type\":\"Split\",\"pattern\":{\"String\":\" \"},\"behavior\":\"Eaten\"}", ["pre_tokenizer.behavior", "Eaten"] },
        { "pre_tokenizer", "{\"type\":\"CharDelimiterSplit\"}", ["pre_tokenizer.type", "CharDelimiterSplit"] },
        { "pre_tokenizer", "{\"type\":\"Metaspace\",\"replacement\":\"ab\"}", ["pre_tokenizer.replacement", "ab"] },
        { "pre_tokenizer", "{\"type\":\"Metaspace\",\"prepend_scheme\":\"often\"}", ["pre_tokenizer.prepend_scheme", "often"] },
        { "pre_tokenizer", "{\"type\":\"Sequence\",\"pretokenizers\":[{\"type\":\"ByteLevel\"},{\"type\":\"Digits\"}]}", ["pre_tokenizer.pretokenizers[1].type", "Digits"] },
        { "decoder", "{\"type\":\"CTC\"}", ["decoder.type", "CTC"] },
        { "decoder", "{\"type\":\"Strip\",\"content\":\" \",\"start\":1,\"stop\":0}", ["decoder.type", "Strip"] },
        { "post_processor", "{\"type\":\"Magic\"}", ["post_processor.type", "Magic"] },
        { "post_processor", "{\"type\":\"TemplateProcessing\",\"single\":[{\"SpecialToken\":{\"id\":\"<x>\"}}]}", ["post_processor.single[0].SpecialToken.id", "<x>"] },
        { "post_processor", "{\"type\":\"BertProcessing\",\"sep\":[\"a\",268],\"cls\":[\"b\",1]}", ["post_processor.sep[1]", "268", "267"] },
        { "post_processor", "{\"type\":\"BertProcessing\",\"sep\":[\"a\"],\"cls\":[\"b\",1]}", ["post_processor.sep"] },
    };

    [Theory]
    [MemberData(nameof(Faults))]
    public void A_fault_is_named(string where, string value, string[] complaint)
    {
        JsonObject file = TokenizerFile.ByteLevel();
        string[] path = where.Split('/');
        JsonNode node = file;
        foreach (string step in path[..^1])
            node = node is JsonArray array ? array[int.Parse(step, System.Globalization.CultureInfo.InvariantCulture)]! : node[step]!;
        node[path[^1]] = JsonNode.Parse(value);
        Refused(file.ToJsonString(), complaint);
    }

    [Theory]
    [InlineData("", "not valid JSON")]
    [InlineData("{\"model\":", "not valid JSON")]
    [InlineData("[]", "must be an object")]
    [InlineData("{\"model\":{\"vocab\":{\"a\":0,\"a\":1},\"merges\":[]}}", "not valid JSON")]
    [InlineData("{\"model\":{\"vocab\":{\"\\ud800\":0},\"merges\":[]}}", "not valid JSON")]
    [InlineData("{\"model\":{\"vocab\":{\"a\":0},\"merges\":[\"\\udc00 a\"]}}", "Unicode")]
    [InlineData("{\"model\":{\"vocab\":{\"a\":0}}}", "model has no type")]
    public void A_broken_file_is_named(string text, string complaint) => Refused(text, complaint);

    [Fact]
    public void Nesting_has_a_limit()
    {
        string deep = string.Concat(Enumerable.Repeat("{\"type\":\"Sequence\",\"normalizers\":[", 100_000));
        Refused("{\"normalizer\":" + deep, "not valid JSON");
    }

    [Theory]
    [InlineData("{\"bos_token\":\"<none>\"}", "bos_token", "<none>")]
    [InlineData("{\"eos_token\":7}", "eos_token", "7")]
    [InlineData("{\"add_bos_token\":true}", "add_bos_token", "bos_token")]
    [InlineData("{\"add_bos_token\":\"yes\"}", "add_bos_token", "yes")]
    public void A_fault_of_the_configuration_is_named(string config, string field, string value)
    {
        TokenizerFormatException fault = Assert.Throws<TokenizerFormatException>(
            () => TokenizerFile.LoadText(TokenizerFile.ByteLevel().ToJsonString(), config));
        Assert.Contains("tokenizer_config.json", fault.Message, StringComparison.Ordinal);
        Assert.Contains(field, fault.Message, StringComparison.Ordinal);
        Assert.Contains(value, fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_missing_file_is_named()
    {
        string path = Path.Combine(Path.GetTempPath(), "no-such-folder", "tokenizer.json");
        Assert.Contains(path, Assert.Throws<TokenizerFormatException>(() => Tokenizer.Load(path)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Any_damage_to_a_file_loads_or_is_refused_and_never_crashes()
    {
        string[] whole = [TokenizerFile.SentencePiece().ToJsonString(), TokenizerFile.ByteLevel().ToJsonString()];
        Random random = new(99);
        for (int round = 0; round < 500; round++)
        {
            char[] text = whole[round % 2].ToCharArray();
            for (int damage = random.Next(1, 4); damage > 0; damage--)
                text[random.Next(text.Length)] = "0123456789{}[]\",:-nulltrue \\u"[random.Next(29)];
            try
            {
                TokenizerFile.LoadText(new string(text)).Encode("hello world <s> é");
            }
            catch (TokenizerFormatException)
            {
            }
        }
    }

    [Fact]
    public void A_decoder_that_makes_much_of_a_short_token_is_refused()
    {
        JsonObject file = TokenizerFile.ByteLevel();
        file["decoder"] = TokenizerFile.Sequence("decoders", Doubling(26));
        Refused(file.ToJsonString(), "decoder", "1048576 bytes");
    }

    [Fact]
    public void Tokens_that_are_too_much_together_are_refused()
    {
        JsonObject file = TokenizerFile.ByteLevel();
        JsonArray added = [];
        for (int i = 0; i < 130; i++)
            added.Add(TokenizerFile.Added(265 + i, $"a{i}", special: false));
        file["added_tokens"] = added;
        file["decoder"] = TokenizerFile.Sequence("decoders", Doubling(19));
        Refused(file.ToJsonString(), "decoder", "67108864 bytes");
    }

    [Fact]
    public void A_normalizer_that_makes_much_of_a_short_text_is_refused()
    {
        JsonObject file = TokenizerFile.ByteLevel();
        file["normalizer"] = TokenizerFile.Sequence("normalizers", Doubling(40));
        Refused(file.ToJsonString(), "normalizer", "1024 times");
        file["normalizer"] = Replace("a", new string('b', 1025));
        Refused(file.ToJsonString(), "normalizer", "1024 times");
        file["normalizer"] = TokenizerFile.Sequence("normalizers", Replace("a", new string('B', 40)), new JsonObject { ["type"] = "Lowercase" }, Replace("b", new string('c', 20)));
        Refused(file.ToJsonString(), "normalizer", "1024 times");
        file["normalizer"] = TokenizerFile.Sequence("normalizers", new JsonObject { ["type"] = "Prepend", ["prepend"] = new string('a', 300) }, Replace("a", "bbbb"));
        Refused(file.ToJsonString(), "normalizer", "1024 characters");
    }

    [Fact]
    public void A_normalizer_of_many_steps_that_do_not_build_on_one_another_is_taken()
    {
        JsonObject file = TokenizerFile.ByteLevel();
        file["normalizer"] = TokenizerFile.Sequence("normalizers", [.. Enumerable.Range(0, 26).Select(i => Replace($"{(char)('A' + i)}", $"{(char)('a' + i)}{(char)('a' + i)}"))]);
        Assert.Equal("hheelllloo", TokenizerFile.Load(file).Decode(TokenizerFile.Load(file).Encode("HELLO"), false));
        file["normalizer"] = TokenizerFile.Sequence("normalizers", [.. Enumerable.Range(0, 30).Select(_ => Replace("ab", "ba"))]);
        Assert.Equal("bbaa", TokenizerFile.Load(file).Decode(TokenizerFile.Load(file).Encode("aabb"), false));
    }

    private static JsonNode[] Doubling(int times) => [.. Enumerable.Range(0, times).Select(_ => Replace("a", "aa"))];

    private static JsonObject Replace(string literal, string content) =>
        new() { ["type"] = "Replace", ["pattern"] = new JsonObject { ["String"] = literal }, ["content"] = content };

    private static void Refused(string text, params string[] complaint)
    {
        TokenizerFormatException fault = Assert.Throws<TokenizerFormatException>(() => TokenizerFile.LoadText(text));
        Assert.Contains("tokenizer.json", fault.Message, StringComparison.Ordinal);
        foreach (string part in complaint)
            Assert.Contains(part, fault.Message, StringComparison.Ordinal);
    }
}
