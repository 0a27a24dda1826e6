using System.Text.Json.Nodes;
using Sluice.Engine.Tokens;

namespace Sluice.Engine.Tests.Templates;

/// <summary>A tokenizer of 256 bytes, and of marks as special tokens from id 256 on. Ids of bytes are the bytes.</summary>
internal static class MarkTokenizer
{
    public const int FirstMark = 256;

    public static readonly string[] Marks = ["<|begin|>", "<|end|>", "<|system|>", "<|user|>", "<|assistant|>", "<|tool|>", "[INST]", "[/INST]"];

    public static Tokenizer Create()
    {
        JsonObject vocabulary = [];
        for (int b = 0; b < FirstMark; b++)
            vocabulary[ByteLevelAlphabet.CharOf((byte)b).ToString()] = b;
        JsonArray added = [];
        for (int i = 0; i < Marks.Length; i++)
        {
            added.Add(new JsonObject
            {
                ["id"] = FirstMark + i,
                ["content"] = Marks[i],
                ["special"] = true,
                ["single_word"] = false,
                ["lstrip"] = false,
                ["rstrip"] = false,
                ["normalized"] = false,
            });
        }

        JsonObject tokenizer = new()
        {
            ["added_tokens"] = added,
            ["pre_tokenizer"] = new JsonObject { ["type"] = "ByteLevel", ["add_prefix_space"] = false, ["trim_offsets"] = true, ["use_regex"] = true },
            ["decoder"] = new JsonObject { ["type"] = "ByteLevel" },
            ["model"] = new JsonObject { ["type"] = "BPE", ["vocab"] = vocabulary, ["merges"] = new JsonArray() },
        };
        string folder = Directory.CreateTempSubdirectory("sluice-templates-").FullName;
        try
        {
            File.WriteAllText(Path.Combine(folder, "tokenizer.json"), tokenizer.ToJsonString());
            File.WriteAllText(Path.Combine(folder, "tokenizer_config.json"), """{"bos_token": "<|begin|>", "eos_token": "<|end|>"}""");
            return Tokenizer.Load(folder);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    public static int Id(string mark) => FirstMark + Array.IndexOf(Marks, mark);
}
