using System.Text;
using System.Text.Json.Nodes;
using Sluice.Engine.Tokens;
using Xunit;

namespace Sluice.Engine.Tests.Tokens;

public sealed class TokenizerTests
{
    [Theory]
    [InlineData("hello world", new[] { 259, 264 })]
    [InlineData("hellohello", new[] { 259, 259 })]
    [InlineData("he worldly", new[] { 256, 264, 'l', 'y' })]
    [InlineData("é", new[] { 0xC3, 0xA9 })]
    [InlineData("", new int[0])]
    public void Bytes_merge_to_the_tokens_of_a_byte_level_vocabulary(string text, int[] expected)
    {
        Assert.Equal(expected, TokenizerFile.Load(TokenizerFile.ByteLevel()).Encode(text));
    }

    [Theory]
    [InlineData("hello", new[] { 268 })]
    [InlineData("hello hello", new[] { 268, 268 })]
    [InlineData("hellohello", new[] { 268, 267 })]
    [InlineData("  hello", new[] { 269, 268 })]
    [InlineData("hé", new[] { 259, 260, 0xC3 + 3, 0xA9 + 3 })]
    [InlineData("", new int[0])]
    public void Characters_merge_and_unknown_ones_fall_back_to_bytes(string text, int[] expected)
    {
        Assert.Equal(expected, TokenizerFile.Load(TokenizerFile.SentencePiece()).Encode(text));
    }

    [Fact]
    public void Content_that_continues_a_prompt_gets_no_space_in_front()
    {
        Tokenizer sentencePiece = TokenizerFile.Load(TokenizerFile.SentencePiece());
        Assert.Equal<int[]>([267], sentencePiece.EncodeContinuation("hello"));
        Assert.Equal<int[]>([268], sentencePiece.EncodeContinuation(" hello"));

        JsonObject file = TokenizerFile.ByteLevel();
        file["pre_tokenizer"]!["add_prefix_space"] = true;
        Tokenizer byteLevel = TokenizerFile.Load(file);
        Assert.Equal<int[]>([264], byteLevel.Encode("world"));
        Assert.Equal<int[]>([264], byteLevel.Encode(" world"));
        Assert.Equal<int[]>(['w', 261, 263], byteLevel.EncodeContinuation("world"));
    }

    [Fact]
    public void Text_of_a_user_never_becomes_a_control_token()
    {
        Tokenizer tokenizer = TokenizerFile.Load(TokenizerFile.ByteLevel());
        const string Text = "hello<|end|><tool>";
        Assert.Equal<int[]>([259, 265, 266], tokenizer.EncodeTemplate(Text));
        Assert.DoesNotContain(tokenizer.Encode(Text), id => id is 265 or 266);
        Assert.DoesNotContain(tokenizer.EncodeContinuation(Text), id => id is 265 or 266);
        Assert.Equal(Text, tokenizer.Decode(tokenizer.Encode(Text)));
    }

    [Fact]
    public void An_added_token_that_abbreviates_white_space_is_found_in_all_text()
    {
        Tokenizer tokenizer = TokenizerFile.Load(TokenizerFile.ByteLevel());
        Assert.Equal<int[]>([267, 259], tokenizer.Encode("   hello"));
        Assert.Equal<int[]>([267, 259], tokenizer.EncodeTemplate("   hello"));
    }

    [Fact]
    public void Template_text_after_an_added_token_gets_its_space_and_after_a_prompt_none()
    {
        Tokenizer tokenizer = TokenizerFile.Load(TokenizerFile.SentencePiece());
        Assert.Equal<int[]>([1, 268, 2, 268], tokenizer.EncodeTemplate("<s>hello</s>hello"));
        Assert.Equal<int[]>([267, 2], tokenizer.EncodeTemplate("hello</s>", continues: true));
    }

    [Fact]
    public void The_longest_added_token_wins_and_strips_and_keeps_to_words_as_its_flags_say()
    {
        JsonObject file = TokenizerFile.ByteLevel();
        JsonArray added = file["added_tokens"]!.AsArray();
        added.Add(TokenizerFile.Added(268, "<|end|>x", special: true));
        JsonObject strip = TokenizerFile.Added(269, "[M]", special: true);
        strip["lstrip"] = true;
        strip["rstrip"] = true;
        added.Add(strip);
        JsonObject word = TokenizerFile.Added(270, "ab", special: true);
        word["single_word"] = true;
        added.Add(word);
        Tokenizer tokenizer = TokenizerFile.Load(file);
        Assert.Equal<int[]>([268, 265], tokenizer.EncodeTemplate("<|end|>x<|end|>"));
        Assert.Equal<int[]>([259, 269, 259], tokenizer.EncodeTemplate("hello \t[M]\n hello"));
        Assert.Equal<int[]>([270, ' ', 'a', 'b', 'c', '.', 270], tokenizer.EncodeTemplate("ab abc.ab"));
    }

    [Fact]
    public void A_word_that_is_a_token_skips_the_merges_where_the_file_says_so()
    {
        JsonObject file = TokenizerFile.ByteLevel();
        file["model"]!["vocab"]!["xyz"] = 268;
        Assert.Equal<int[]>(['x', 'y', 'z'], TokenizerFile.Load(file).Encode("xyz"));
        file["model"]!["ignore_merges"] = true;
        Assert.Equal<int[]>([268], TokenizerFile.Load(file).Encode("xyz"));
    }

    [Fact]
    public void A_run_of_unknown_characters_is_one_token_where_it_is_fused()
    {
        JsonObject file = TokenizerFile.SentencePiece();
        file["model"]!["byte_fallback"] = false;
        Assert.Equal<int[]>([259, 0, 260, 0], TokenizerFile.Load(file).Encode("日本h語"));
        file["model"]!["fuse_unk"] = false;
        Assert.Equal<int[]>([259, 0, 0, 260, 0], TokenizerFile.Load(file).Encode("日本h語"));
        file["model"]!["unk_token"] = null;
        Assert.Equal<int[]>([259, 260], TokenizerFile.Load(file).Encode("日本h語"));
    }

    [Theory]
    [InlineData("tail", 0xD800, "")]
    [InlineData("", 0xDC00, "head")]
    [InlineData("a", 0xD800, "b")]
    [InlineData("🦙", 0xD83E, "🦙")]
    public void Half_a_surrogate_pair_is_refused(string before, int half, string after)
    {
        string text = before + (char)half + after;
        Tokenizer tokenizer = TokenizerFile.Load(TokenizerFile.ByteLevel());
        ArgumentException refusal = Assert.Throws<ArgumentException>(() => tokenizer.Encode(text));
        Assert.Contains("surrogate", refusal.Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => tokenizer.EncodeTemplate(text));
    }

    [Fact]
    public void The_configuration_beside_the_file_names_the_control_tokens()
    {
        Tokenizer alone = TokenizerFile.Load(TokenizerFile.SentencePiece());
        Assert.Equal((1, null, true), (alone.BosId, alone.EosId, alone.AddBos));
        JsonObject config = new()
        {
            ["bos_token"] = "<s>",
            ["eos_token"] = new JsonObject { ["content"] = "</s>" },
            ["add_bos_token"] = false,
        };
        Tokenizer configured = TokenizerFile.Load(TokenizerFile.SentencePiece(), config);
        Assert.Equal((1, 2, false), (configured.BosId, configured.EosId, configured.AddBos));
    }

    [Fact]
    public void A_token_knows_its_bytes_and_an_id_without_a_token_has_none()
    {
        Tokenizer tokenizer = TokenizerFile.Load(TokenizerFile.ByteLevel());
        Assert.Equal(" world", Encoding.UTF8.GetString(tokenizer.TokenBytes(264)));
        Assert.Equal([0xC3], tokenizer.TokenBytes(0xC3).ToArray());
        Assert.Equal("<|end|>", Encoding.UTF8.GetString(tokenizer.TokenBytes(265)));
        Assert.Equal(0, tokenizer.TokenBytes(int.MaxValue).Length);
        Assert.Equal("hello", tokenizer.Decode([259, 100_000]));
        Assert.Throws<ArgumentOutOfRangeException>(() => tokenizer.TokenBytes(-1).Length);
        Assert.Throws<ArgumentOutOfRangeException>(() => tokenizer.Decode([-5]));
    }

    [Fact]
    public void Special_tokens_are_left_out_of_text_unless_asked_for()
    {
        Tokenizer tokenizer = TokenizerFile.Load(TokenizerFile.ByteLevel());
        Assert.Equal("hello<tool>", tokenizer.Decode([265, 259, 266]));
        Assert.Equal("<|end|>hello<tool>", tokenizer.Decode([265, 259, 266], skipSpecial: false));
    }

    [Fact]
    public void Any_text_comes_back_from_its_ids()
    {
        Tokenizer[] tokenizers = [TokenizerFile.Load(TokenizerFile.ByteLevel()), TokenizerFile.Load(TokenizerFile.SentencePiece())];
        Random random = new(11);
        for (int round = 0; round < 3_000; round++)
        {
            // The mark for a space is a space once decoded.
            string text = RandomText.Unicode(random, 60).Replace('\u2581', '_');
            foreach (Tokenizer tokenizer in tokenizers)
                Assert.Equal(text, tokenizer.Decode(tokenizer.Encode(text)));
        }
    }

    [Fact]
    public void Text_of_any_characters_can_be_normalized()
    {
        JsonObject file = TokenizerFile.ByteLevel();
        file["normalizer"] = new JsonObject { ["type"] = "NFC" };
        Tokenizer tokenizer = TokenizerFile.Load(file);
        Random random = new(12);
        for (int round = 0; round < 1_000; round++)
        {
            string text = RandomText.Unicode(random, 60) + "\uFFFF\uFFFE\uFDD0\u0000";
            Assert.Equal(string.Join('\uFFFE', text.Split('\uFFFE').Select(part => part.Normalize())), tokenizer.Decode(tokenizer.Encode(text)));
        }

        Assert.Equal<int[]>([0xC3, 0xA9], tokenizer.Encode("e\u0301"));
    }

    [Fact]
    public void Threads_that_share_a_tokenizer_get_the_same_ids()
    {
        Tokenizer tokenizer = TokenizerFile.Load(TokenizerFile.ByteLevel());
        Random random = new(5);
        string[] texts = [.. Enumerable.Range(0, 4_000).Select(_ => RandomText.Unicode(random, 20))];
        int[][] expected = [.. texts.Select(TokenizerFile.Load(TokenizerFile.ByteLevel()).Encode)];
        Parallel.For(0, 4 * texts.Length, i => Assert.Equal(expected[i % texts.Length], tokenizer.Encode(texts[i % texts.Length])));
    }
}
