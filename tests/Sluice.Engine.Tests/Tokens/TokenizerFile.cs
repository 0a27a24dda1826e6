using System.Text.Json.Nodes;
using Sluice.Engine.Tokens;

namespace Sluice.Engine.Tests.Tokens;

/// <summary>Small tokenizer files, written where a test needs one.</summary>
internal static class TokenizerFile
{
    public const string Gpt2Regex = @"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+";

    /// <summary>
    /// Byte-level: ids 0 to 255 are the bytes, then the merges in order (he, ll, hell, hello, Ġw, or, Ġwor, ld, Ġworld),
    /// then three added tokens.
    /// </summary>
    public static JsonObject ByteLevel()
    {
        JsonObject vocabulary = [];
        for (int b = 0; b < 256; b++)
            vocabulary[ByteLevelAlphabet.CharOf((byte)b).ToString()] = b;
        JsonArray merges = [];
        foreach (string merge in (string[])["h e", "l l", "he ll", "hell o", "Ġ w", "o r", "Ġw or", "l d", "Ġwor ld"])
        {
            merges.Add(merge);
            vocabulary[merge.Replace(" ", "", StringComparison.Ordinal)] = vocabulary.Count;
        }

        return new JsonObject
        {
            ["added_tokens"] = new JsonArray(Added(265, "<|end|>", special: true), Added(266, "<tool>", special: false), Added(267, "   ", special: false)),
            ["normalizer"] = null,
            ["pre_tokenizer"] = new JsonObject { ["type"] = "ByteLevel", ["add_prefix_space"] = false, ["use_regex"] = true },
            ["post_processor"] = null,
            ["decoder"] = new JsonObject { ["type"] = "ByteLevel" },
            ["model"] = new JsonObject { ["type"] = "BPE", ["vocab"] = vocabulary, ["merges"] = merges },
        };
    }

    /// <summary>
    /// SentencePiece-style: unk, s, /s, the bytes from id 3 on, then ▁ (259), h, e, l, o (260 to 263), he, ll, hell, hello, ▁hello (264 to 268), ▁▁ (269).
    /// </summary>
    public static JsonObject SentencePiece()
    {
        JsonObject vocabulary = new() { ["<unk>"] = 0, ["<s>"] = 1, ["</s>"] = 2 };
        for (int b = 0; b < 256; b++)
            vocabulary[$"<0x{b:X2}>"] = b + 3;
        foreach (string token in (string[])["▁", "h", "e", "l", "o", "he", "ll", "hell", "hello", "▁hello", "▁▁"])
            vocabulary[token] = vocabulary.Count;
        JsonArray merges = [];
        foreach ((string left, string right) in ((string, string)[])[("h", "e"), ("l", "l"), ("he", "ll"), ("hell", "o"), ("▁", "hello"), ("▁", "▁")])
            merges.Add(new JsonArray(left, right));

        return new JsonObject
        {
            ["added_tokens"] = new JsonArray(Added(0, "<unk>", special: true), Added(1, "<s>", special: true), Added(2, "</s>", special: true)),
            ["normalizer"] = Sequence(
                "normalizers",
                new JsonObject { ["type"] = "Prepend", ["prepend"] = "▁" },
                new JsonObject { ["type"] = "Replace", ["pattern"] = new JsonObject { ["String"] = " " }, ["content"] = "▁" }),
            ["pre_tokenizer"] = null,
            ["post_processor"] = new JsonObject
            {
                ["type"] = "TemplateProcessing",
                ["single"] = new JsonArray(
                    new JsonObject { ["SpecialToken"] = new JsonObject { ["id"] = "<s>", ["type_id"] = 0 } },
                    new JsonObject { ["Sequence"] = new JsonObject { ["id"] = "A", ["type_id"] = 0 } }),
                ["special_tokens"] = new JsonObject { ["<s>"] = new JsonObject { ["id"] = "<s>", ["ids"] = new JsonArray(1), ["tokens"] = new JsonArray("<s>") } },
            },
            ["decoder"] = Sequence(
                "decoders",
                new JsonObject { ["type"] = "Replace", ["pattern"] = new JsonObject { ["String"] = "▁" }, ["content"] = " " },
                new JsonObject { ["type"] = "ByteFallback" },
                new JsonObject { ["type"] = "Fuse" },
                new JsonObject { ["type"] = "Strip", ["content"] = " ", ["start"] = 1, ["stop"] = 0 }),
            ["model"] = new JsonObject
            {
                ["type"] = "BPE",
                ["unk_token"] = "<unk>",
                ["fuse_unk"] = true,
                ["byte_fallback"] = true,
                ["vocab"] = vocabulary,
                ["merges"] = merges,
            },
        };
    }

    /// <summary>WordPiece as of BERT: [UNK], [CLS], [SEP], hello, wor, ##ld, e.</summary>
    public static JsonObject WordPiece() => new()
    {
        ["added_tokens"] = new JsonArray(Added(1, "[CLS]", special: true), Added(2, "[SEP]", special: true)),
        ["normalizer"] = new JsonObject { ["type"] = "BertNormalizer", ["clean_text"] = true, ["handle_chinese_chars"] = true, ["strip_accents"] = null, ["lowercase"] = true },
        ["pre_tokenizer"] = new JsonObject { ["type"] = "BertPreTokenizer" },
        ["post_processor"] = new JsonObject { ["type"] = "BertProcessing", ["sep"] = new JsonArray("[SEP]", 2), ["cls"] = new JsonArray("[CLS]", 1) },
        ["decoder"] = new JsonObject { ["type"] = "WordPiece", ["prefix"] = "##", ["cleanup"] = true },
        ["model"] = new JsonObject
        {
            ["type"] = "WordPiece",
            ["unk_token"] = "[UNK]",
            ["continuing_subword_prefix"] = "##",
            ["max_input_chars_per_word"] = 100,
            ["vocab"] = new JsonObject { ["[UNK]"] = 0, ["[CLS]"] = 1, ["[SEP]"] = 2, ["hello"] = 3, ["wor"] = 4, ["##ld"] = 5, ["e"] = 6 },
        },
    };

    public static JsonObject Sequence(string name, params JsonNode[] steps) => new() { ["type"] = "Sequence", [name] = new JsonArray(steps) };

    public static JsonObject Split(string regex, string behavior = "Isolated", bool invert = false) => new()
    {
        ["type"] = "Split",
        ["pattern"] = new JsonObject { ["Regex"] = regex },
        ["behavior"] = behavior,
        ["invert"] = invert,
    };

    public static JsonObject Added(int id, string content, bool special, bool normalized = false) => new()
    {
        ["id"] = id,
        ["content"] = content,
        ["special"] = special,
        ["normalized"] = normalized,
        ["single_word"] = false,
        ["lstrip"] = false,
        ["rstrip"] = false,
    };

    public static Tokenizer Load(JsonObject tokenizer, JsonObject? config = null) => LoadText(tokenizer.ToJsonString(), config?.ToJsonString());

    /// <summary>Loads the text of a tokenizer.json, with that of a tokenizer_config.json beside it.</summary>
    public static Tokenizer LoadText(string tokenizer, string? config = null)
    {
        DirectoryInfo folder = Directory.CreateTempSubdirectory("sluice-tokens-");
        try
        {
            File.WriteAllText(Path.Combine(folder.FullName, "tokenizer.json"), tokenizer);
            if (config is not null)
                File.WriteAllText(Path.Combine(folder.FullName, "tokenizer_config.json"), config);
            return Tokenizer.Load(folder.FullName);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }
}
