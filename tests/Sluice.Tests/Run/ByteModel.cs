using System.Text.Json.Nodes;
using Sluice.Engine.Models;

namespace Sluice.Tests.Run;

/// <summary>A random model whose tokens are the 256 bytes and six marks, with a chat template; gone when disposed.</summary>
internal sealed class ByteModel : IDisposable
{
    public const int Context = 512;
    private static readonly string[] Marks = ["<|begin|>", "<|end|>", "<|system|>", "<|user|>", "<|assistant|>", "<|tool|>"];

    public ByteModel()
    {
        ModelShape shape = new() { HiddenSize = 32, Layers = 1, Heads = 4, KvHeads = 2, HeadDim = 8, Intermediate = 48, Vocabulary = 262, ContextLength = Context };
        RandomModel.Write(Folder, shape, seed: 11);
        JsonObject vocabulary = [];
        int next = 256;
        for (int b = 0; b < 256; b++)
        {
            bool itself = b is (>= 33 and <= 126) or (>= 161 and <= 172) or >= 174;
            vocabulary[((char)(itself ? b : next++)).ToString()] = b;
        }
        JsonArray added = [];
        foreach ((int i, string mark) in Marks.Index())
        {
            added.Add(new JsonObject
            {
                ["id"] = 256 + i,
                ["content"] = mark,
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
            ["pre_tokenizer"] = new JsonObject { ["type"] = "ByteLevel", ["add_prefix_space"] = false, ["use_regex"] = true },
            ["decoder"] = new JsonObject { ["type"] = "ByteLevel" },
            ["model"] = new JsonObject { ["type"] = "BPE", ["vocab"] = vocabulary, ["merges"] = new JsonArray() },
        };
        File.WriteAllText(Path.Combine(Folder, "tokenizer.json"), tokenizer.ToJsonString());
        File.WriteAllText(Path.Combine(Folder, "tokenizer_config.json"), """{"bos_token":"<|begin|>","eos_token":"<|end|>"}""");
        WriteTemplate("{{ bos_token }}{% for m in messages %}<|{{ m.role }}|>{{ m.content }}<|end|>{% endfor %}{% if add_generation_prompt %}<|assistant|>{% endif %}");
    }

    public string Folder { get; } = Directory.CreateTempSubdirectory("sluice-bytes-").FullName;

    public string Name => Path.GetFileName(Folder);

    public void WriteTemplate(string? source)
    {
        string path = Path.Combine(Folder, "chat_template.jinja");
        if (source is null) File.Delete(path);
        else File.WriteAllText(path, source);
    }

    public void Dispose() => Directory.Delete(Folder, recursive: true);
}
