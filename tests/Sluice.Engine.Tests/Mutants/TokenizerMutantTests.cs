using System.Text;
using System.Text.Json.Nodes;
using Sluice.Engine.Tests.Tokens;
using Sluice.Engine.Tokens;
using Xunit;

namespace Sluice.Engine.Tests.Mutants;

public sealed class TokenizerMutantTests
{
    private const string Text = "hello world\u00a0<s> <|end|> <tool> é 日本 🐸\t\r\n 12,345's ﬁ   x";

    private static readonly JsonObject s_split = WithSplit();

    public static TheoryData<string> Files => [nameof(TokenizerFile.ByteLevel), nameof(TokenizerFile.SentencePiece), nameof(TokenizerFile.WordPiece), "Split"];

    [Theory]
    [MemberData(nameof(Files))]
    public void A_mutant_is_loaded_or_refused_and_what_is_loaded_encodes_and_decodes(string file)
    {
        byte[] whole = Encoding.UTF8.GetBytes((file switch
        {
            nameof(TokenizerFile.ByteLevel) => TokenizerFile.ByteLevel(),
            nameof(TokenizerFile.SentencePiece) => TokenizerFile.SentencePiece(),
            "Split" => s_split,
            _ => TokenizerFile.WordPiece(),
        }).ToJsonString());
        Load(whole);
        MutantRun.Default.Over($"tokenizer.json ({file})", 1_500, random => JsonMutator.Mutate(whole, random), Load, typeof(TokenizerFormatException));
    }

    [Fact]
    public void A_mutant_of_the_configuration_is_read_or_refused()
    {
        byte[] whole = """{"bos_token":{"content":"<|end|>","special":true},"eos_token":"<|end|>","add_bos_token":true,"add_eos_token":false,"chat_template":"{{ messages[0].content }}"}"""u8.ToArray();
        string tokenizer = TokenizerFile.ByteLevel().ToJsonString();
        MutantRun.Default.Over(
            "tokenizer_config.json", 1_000, random => JsonMutator.Mutate(whole, random), mutant => Use(TokenizerFile.LoadText(tokenizer, Encoding.UTF8.GetString(mutant))), typeof(TokenizerFormatException));
    }

    private static JsonObject WithSplit()
    {
        JsonObject file = TokenizerFile.ByteLevel();
        file["normalizer"] = TokenizerFile.Sequence("normalizers", new JsonObject { ["type"] = "NFC" }, new JsonObject { ["type"] = "Lowercase" });
        file["pre_tokenizer"] = TokenizerFile.Sequence(
            "pretokenizers", TokenizerFile.Split(TokenizerFile.Gpt2Regex), new JsonObject { ["type"] = "ByteLevel", ["add_prefix_space"] = false, ["use_regex"] = false });
        return file;
    }

    private static void Load(byte[] mutant) => Use(TokenizerFile.LoadText(Encoding.UTF8.GetString(mutant)));

    private static void Use(Tokenizer tokenizer)
    {
        int[] ids = [.. tokenizer.Encode(Text)];
        tokenizer.Decode(ids);
    }
}
